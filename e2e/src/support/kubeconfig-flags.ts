import { account, admin, config, here, type KubeconfigCase } from './kubeconfig-case.js'

const two = {
  clusters: [
    { name: 'a', cluster: { server: 'https://127.0.0.1:1' } },
    { name: 'b', cluster: here },
  ],
  users: [
    { name: 'a', user: { token: 'wrong' } },
    { name: 'b', user: account },
  ],
}
const bare = { server: '{{server}}' }
const pems = { 'ca.crt': '{{ca|text}}', 'me.crt': '{{cert|text}}', 'me.key': '{{key|text}}' }

/** kubectl's flags for the way to the API server, which count before the kubeconfig. */
export const flags: readonly KubeconfigCase[] = [
  {
    report: '--cluster and --user: others of the kubeconfig',
    works: true,
    kubeconfig: config({}, {}, two),
    flags: { cluster: 'b', user: 'b' },
  },
  {
    report: '--cluster that is not there',
    works: false,
    kubeconfig: config(account),
    flags: { cluster: 'x' },
  },
  { report: '--user that is not there', works: false, kubeconfig: config(account), flags: { user: 'x' } },
  {
    report: '--cluster and --user without a current context',
    works: true,
    kubeconfig: config({}, {}, { ...two, 'current-context': '' }),
    flags: { cluster: 'b', user: 'b' },
  },
  {
    report: '--token beside a certificate: the certificate counts',
    works: true,
    kubeconfig: config(admin),
    flags: { token: '{{token}}' },
  },
  {
    report: '--token before the token of the kubeconfig',
    works: true,
    kubeconfig: config({ token: 'wrong' }),
    flags: { token: '{{token}}' },
  },
  {
    report: '--token and tokenFile: the file counts',
    works: false,
    kubeconfig: config({ tokenFile: 'token' }),
    files: { token: 'wrong' },
    flags: { token: '{{token}}' },
  },
  {
    report: '--token beside a login plugin',
    works: true,
    kubeconfig: config({
      exec: {
        command: './none',
        apiVersion: 'client.authentication.k8s.io/v1',
        interactiveMode: 'Never',
      },
    }),
    flags: { token: '{{token}}' },
  },
  {
    report: '--token beside a user name',
    works: false,
    kubeconfig: config({ username: 'me', password: 'secret' }),
    flags: { token: '{{token}}' },
  },
  { report: '--as', works: true, kubeconfig: config(admin), flags: { as: 'jane' } },
  {
    report: '--as with groups and uid',
    works: true,
    kubeconfig: config(admin),
    flags: { as: 'jane', asUid: '7', asGroups: ['dev', 'ops'] },
  },
  {
    report: '--as before "as" of the kubeconfig, whose groups stay',
    works: true,
    kubeconfig: config({ ...admin, as: 'joe', 'as-groups': ['dev'] }),
    flags: { as: 'jane' },
  },
  {
    report: '--as-group before "as-groups" of the kubeconfig',
    works: true,
    kubeconfig: config({ ...admin, as: 'joe', 'as-groups': ['dev'] }),
    flags: { asGroups: ['ops'] },
  },
  {
    report: '--as-group without --as',
    works: false,
    kubeconfig: config(admin),
    flags: { asGroups: ['ops'] },
  },
  {
    report: '--server: tls-server-name of the kubeconfig does not count',
    works: true,
    kubeconfig: config(admin, { ...here, server: 'https://127.0.0.1:1', 'tls-server-name': 'wrong' }),
    flags: { server: '{{server}}' },
  },
  {
    report: '--tls-server-name that the certificate does not have',
    works: false,
    kubeconfig: config(admin),
    flags: { tlsServerName: 'wrong' },
  },
  {
    report: '--certificate-authority instead of a wrong one',
    works: true,
    kubeconfig: config(admin, { ...bare, 'certificate-authority-data': '{{cert}}' }),
    files: pems,
    flags: { certificateAuthority: '{{folder}}/ca.crt' },
  },
  {
    report: '--certificate-authority of an insecure cluster',
    works: false,
    kubeconfig: config(admin, { ...bare, 'insecure-skip-tls-verify': true }),
    files: pems,
    flags: { certificateAuthority: '{{folder}}/me.crt' },
  },
  {
    report: '--insecure-skip-tls-verify leaves authorities out',
    works: true,
    kubeconfig: config(admin, { ...bare, 'certificate-authority-data': '{{cert}}' }),
    flags: { insecureSkipTlsVerify: true },
  },
  {
    report: '--client-certificate and --client-key beside those of the kubeconfig',
    works: false,
    kubeconfig: config(admin),
    files: pems,
    flags: { clientCertificate: '{{folder}}/me.crt', clientKey: '{{folder}}/me.key' },
  },
  {
    report: '--client-certificate and --client-key before the token of the kubeconfig',
    works: true,
    kubeconfig: config(account),
    files: pems,
    flags: { clientCertificate: '{{folder}}/me.crt', clientKey: '{{folder}}/me.key' },
  },
  {
    report: '--client-certificate alone',
    works: false,
    kubeconfig: config(account),
    files: pems,
    flags: { clientCertificate: '{{folder}}/me.crt' },
  },
  {
    report: '--server without any kubeconfig',
    works: true,
    kubeconfig: '',
    env: { KUBECONFIG: '' },
    files: pems,
    flags: { server: '{{server}}', token: '{{token}}', certificateAuthority: '{{folder}}/ca.crt' },
  },
  {
    report: '--server without any kubeconfig, and nobody who asks',
    works: false,
    kubeconfig: '',
    env: { KUBECONFIG: '' },
    flags: { server: '{{server}}', insecureSkipTlsVerify: true },
  },
  {
    report: 'flags that are empty, as of unset variables',
    works: true,
    kubeconfig: config(account),
    flags: { cluster: '', user: '', server: '', token: '', as: '' },
  },
]
