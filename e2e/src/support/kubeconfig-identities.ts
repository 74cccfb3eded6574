import { account, admin, config, here, type KubeconfigCase } from './kubeconfig-case.js'

export const identities: readonly KubeconfigCase[] = [
  { report: 'a token', works: true, kubeconfig: config(account) },
  { report: 'a token with a line break', works: false, kubeconfig: config({ token: '{{token}}\n' }) },
  { report: 'a token that is wrong', works: false, kubeconfig: config({ token: 'wrong' }) },
  { report: 'a client certificate', works: true, kubeconfig: config(admin) },
  {
    report: 'certificate and token: the certificate counts',
    works: true,
    kubeconfig: config({ ...admin, ...account }),
  },
  {
    report: 'certificates as files beside the kubeconfig',
    works: true,
    kubeconfig: config(
      { 'client-certificate': 'me.crt', 'client-key': './keys/me.key' },
      { server: '{{server}}', 'certificate-authority': 'ca.crt' },
    ),
    files: { 'me.crt': '{{cert|text}}', 'keys/me.key': '{{key|text}}', 'ca.crt': '{{ca|text}}' },
  },
  {
    report: 'certificate both as file and as data',
    works: false,
    kubeconfig: config({ ...admin, 'client-certificate': 'me.crt' }),
    files: { 'me.crt': '{{cert|text}}' },
  },
  {
    report: 'a certificate without its key',
    works: false,
    kubeconfig: config({ 'client-certificate-data': '{{cert}}' }),
  },
  { report: 'no credentials', works: false, kubeconfig: config({}) },
  { report: 'a user that is not there', works: false, kubeconfig: config(account, here, { users: [] }) },
  {
    report: 'tokenFile beside the kubeconfig',
    works: true,
    kubeconfig: config({ tokenFile: 'token' }),
    files: { token: '{{token}}\n' },
  },
  {
    report: 'tokenFile before token',
    works: true,
    kubeconfig: config({ tokenFile: 'token', token: 'wrong' }),
    files: { token: '{{token}}' },
  },
  {
    report: 'token where tokenFile is missing',
    works: true,
    kubeconfig: config({ tokenFile: 'none', ...account }),
  },
  { report: 'tokenFile that is missing', works: false, kubeconfig: config({ tokenFile: 'none' }) },
  {
    report: 'user name and password',
    works: false,
    kubeconfig: config({ username: 'me', password: 'secret' }),
  },
  {
    report: 'password and token',
    works: false,
    kubeconfig: config({ username: 'me', password: 'secret', ...account }),
  },
  {
    report: 'a key of another certificate',
    works: false,
    kubeconfig: config({ ...admin, 'client-key-data': '{{cert}}' }),
  },
  {
    report: 'user name and password in the server, beside a token',
    works: false,
    kubeconfig: config(account, { ...here, server: 'https://me:secret@{{address}}' }),
  },
  {
    report: 'user name and password in the server, beside a certificate',
    works: true,
    kubeconfig: config(admin, { ...here, server: 'https://me:secret@{{address}}' }),
  },
  { report: 'as', works: true, kubeconfig: config({ ...admin, as: 'jane' }) },
  {
    report: 'as and as-groups',
    works: true,
    kubeconfig: config({ ...admin, as: 'jane', 'as-groups': ['dev', 'ops'] }),
  },
  { report: 'as and as-uid', works: true, kubeconfig: config({ ...admin, as: 'jane', 'as-uid': '42' }) },
  {
    report: 'as and as-user-extra',
    works: true,
    kubeconfig: config({
      ...admin,
      as: 'jane',
      'as-user-extra': { 'acme.com/Reason': ['a', 'b c'], scopes: ['x'] },
    }),
  },
  {
    report: 'as with letters beyond ASCII',
    works: true,
    kubeconfig: config({ ...admin, as: 'jörg', 'as-groups': ['größe'] }),
  },
  { report: 'groups without user', works: false, kubeconfig: config({ ...admin, 'as-groups': ['dev'] }) },
  {
    report: 'extra without user',
    works: false,
    kubeconfig: config({ ...admin, 'as-user-extra': { a: ['b'] } }),
  },
  { report: 'as without the right to it', works: false, kubeconfig: config({ ...account, as: 'jane' }) },
  {
    report: 'fields of another spelling',
    works: true,
    kubeconfig: config({ ...admin, As: 'jane', asGroups: ['dev'], impersonate: 'jane' }),
  },
  { report: 'auth-provider gcp', works: false, kubeconfig: config({ 'auth-provider': { name: 'gcp' } }) },
  {
    report: 'auth-provider gcp beside a token',
    works: false,
    kubeconfig: config({ ...account, 'auth-provider': { name: 'gcp' } }),
  },
  {
    report: 'auth-provider oidc with a valid token',
    works: true,
    kubeconfig: config({
      'auth-provider': {
        name: 'oidc',
        config: { 'idp-issuer-url': 'https://issuer.test', 'client-id': 'me', 'id-token': '{{token}}' },
      },
    }),
  },
]
