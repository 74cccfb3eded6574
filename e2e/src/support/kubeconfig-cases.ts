/** One kubeconfig that kubectl and knest must take for the same user, or must both refuse. */
export interface KubeconfigCase {
  /** What people report of it. */
  readonly report: string
  /** Whether kubectl takes it: a test of the test. */
  readonly works: boolean
  /** Text with `{{…}}` for what is known when the test runs; a group is written as JSON. */
  readonly kubeconfig: string | object
  /** Further files of the folder; those that begin with `#!` may be run. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly context?: string
  /** By default `$KUBECONFIG` is `{{folder}}/config`. */
  readonly explicit?: boolean
}

type Group = Readonly<Record<string, unknown>>

const here = { server: '{{server}}', 'certificate-authority-data': '{{ca}}' }
const admin = { 'client-certificate-data': '{{cert}}', 'client-key-data': '{{key}}' }
const account = { token: '{{token}}' }

function config(user: Group, cluster: Group = here, more: Group = {}): Group {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    clusters: [{ name: 'a', cluster }],
    users: [{ name: 'a', user }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    ...more,
  }
}

const named = { ...here, server: 'https://api.corp.test:6443', 'tls-server-name': 'kubernetes' }
const plugin = { command: './login', apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' }
const login = (status: string, before = ''): string =>
  `#!/bin/sh\n${before}\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":${status}}'\n`
const byToken = login('{"token":"{{token}}"}')

const yaml = `apiVersion: v1
kind: Config
current-context: a
clusters:
- name: a
  cluster: {server: "{{server}}", certificate-authority-data: {{ca}}}
users:
- name: a
  user: {token: "{{token}}"}
contexts:
- name: a
  context: {cluster: a, user: a}
`

const identity: readonly KubeconfigCase[] = [
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

const plugins: readonly KubeconfigCase[] = [
  {
    report: 'login plugin beside the kubeconfig',
    works: true,
    kubeconfig: config({ exec: plugin }),
    files: { login: byToken },
  },
  {
    report: 'login plugin that gives a certificate',
    works: true,
    kubeconfig: config({ exec: plugin }),
    files: { login: login('{"clientCertificateData":"{{cert|json}}","clientKeyData":"{{key|json}}"}') },
  },
  {
    report: 'login plugin that needs KUBERNETES_EXEC_INFO with the cluster and its own settings',
    works: true,
    kubeconfig: config(
      { exec: { ...plugin, provideClusterInfo: true } },
      { ...here, extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x1' } }] },
    ),
    files: {
      login: login(
        '{"token":"{{token}}"}',
        'case $KUBERNETES_EXEC_INFO in *{{server}}*x1*) ;; *) exit 1;; esac',
      ),
    },
  },
  {
    report: 'login plugin with arguments and env',
    works: true,
    kubeconfig: config({ exec: { ...plugin, args: ['-a', 'b c'], env: [{ name: 'WHO', value: 'me' }] } }),
    files: { login: login('{"token":"{{token}}"}', '[ "$1$2$WHO" = "-ab cme" ] || exit 1') },
  },
  {
    report: 'login plugin that answers in another version',
    works: false,
    kubeconfig: config({ exec: { ...plugin, apiVersion: 'client.authentication.k8s.io/v1beta1' } }),
    files: { login: byToken },
  },
  {
    report: 'login plugin of v1alpha1',
    works: false,
    kubeconfig: config({ exec: { ...plugin, apiVersion: 'client.authentication.k8s.io/v1alpha1' } }),
    files: { login: byToken.replace('/v1"', '/v1alpha1"') },
  },
  {
    report: 'login plugin without interactiveMode',
    works: false,
    kubeconfig: config({ exec: { ...plugin, interactiveMode: null } }),
    files: { login: byToken },
  },
  {
    report: 'login plugin that needs a terminal where there is none',
    works: false,
    kubeconfig: config({ exec: { ...plugin, interactiveMode: 'Always' } }),
    files: { login: byToken },
  },
  {
    report: 'login plugin that is missing',
    works: false,
    kubeconfig: config({ exec: { ...plugin, command: 'knest-none', installHint: 'install it' } }),
  },
  {
    report: 'login plugin that fails',
    works: false,
    kubeconfig: config({ exec: plugin }),
    files: { login: '#!/bin/sh\nexit 3\n' },
  },
  {
    report: 'token before login plugin',
    works: true,
    kubeconfig: config({ ...account, exec: plugin }),
    files: { login: '#!/bin/sh\nexit 3\n' },
  },
]

const forms: readonly KubeconfigCase[] = [
  { report: 'YAML', works: true, kubeconfig: yaml },
  { report: 'repeated keys', works: true, kubeconfig: `current-context: none\n${yaml}` },
  { report: 'a trailing empty document', works: true, kubeconfig: `${yaml}---\n` },
  { report: 'a second document', works: true, kubeconfig: `${yaml}---\ncurrent-context: [\n` },
  {
    report: 'anchors and merges',
    works: true,
    kubeconfig: yaml.replace(
      '- name: a\n  user: {',
      '- name: b\n  user: &b {token: wrong}\n- name: a\n  user: {<<: *b, ',
    ),
  },
  {
    report: 'a merge behind what it replaces',
    works: false,
    kubeconfig: yaml.replace(
      '- name: a\n  user: {token: "{{token}}"}',
      '- name: b\n  user: &b {token: wrong}\n- name: a\n  user: {token: "{{token}}", <<: *b}',
    ),
  },
  {
    report: 'a byte order mark and Windows lines',
    works: true,
    kubeconfig: `\ufeff${yaml.replaceAll('\n', '\r\n')}`,
  },
  {
    report: 'broken entries that nobody names',
    works: true,
    kubeconfig: yaml
      .replace(
        'users:\n',
        'users:\n- name: b\n- name: c\n  user: {client-certificate: /none, as-groups: [x]}\n',
      )
      .replace('clusters:\n', 'clusters:\n- name: b\n  cluster: {proxy-url: "ftp://x"}\n- null\n'),
  },
  {
    report: 'an entry of a wrong type that nobody names',
    works: false,
    kubeconfig: yaml.replace('users:\n', 'users:\n- name: b\n  user: {token: 12}\n'),
  },
  {
    report: 'two users of one name',
    works: false,
    kubeconfig: yaml.replace('users:\n', 'users:\n- name: a\n  user: {}\n'),
  },
  {
    report: 'null lists and absent kinds',
    works: true,
    kubeconfig: yaml.replace('apiVersion: v1\nkind: Config\n', 'preferences: null\nextensions: null\n'),
  },
  { report: 'another kind', works: false, kubeconfig: yaml.replace('kind: Config', 'kind: ConfigMap') },
  {
    report: 'a current context that is not there',
    works: false,
    kubeconfig: yaml.replace('current-context: a', 'current-context: b'),
  },
  {
    report: 'a context by its name',
    works: true,
    kubeconfig: yaml.replace('current-context: a', 'current-context: b'),
    context: 'a',
  },
  {
    report: 'HTTPS in capitals, and a slash at the end',
    works: true,
    kubeconfig: config(account, { ...here, server: '{{SERVER}}/' }),
  },
  {
    report: 'a server without scheme',
    works: false,
    kubeconfig: config(account, { ...here, server: '{{address}}' }),
  },
  {
    report: 'a path in the server',
    works: false,
    kubeconfig: config(account, { ...here, server: '{{server}}/none' }),
  },
  {
    report: 'insecure-skip-tls-verify',
    works: true,
    kubeconfig: config(account, { server: '{{server}}', 'insecure-skip-tls-verify': true }),
  },
  {
    report: 'insecure-skip-tls-verify as text',
    works: false,
    kubeconfig: config(account, { server: '{{server}}', 'insecure-skip-tls-verify': 'true' }),
  },
  {
    report: 'insecure-skip-tls-verify with an authority',
    works: false,
    kubeconfig: config(account, { ...here, 'insecure-skip-tls-verify': true }),
  },
  { report: 'no authority', works: false, kubeconfig: config(account, { server: '{{server}}' }) },
  {
    report: 'authority of the system (SSL_CERT_FILE)',
    works: true,
    kubeconfig: config(account, { server: '{{server}}' }),
    files: { 'ca.crt': '{{ca|text}}' },
    env: { SSL_CERT_FILE: '{{folder}}/ca.crt' },
  },
  {
    report: 'tls-server-name',
    works: true,
    kubeconfig: config(account, { ...here, 'tls-server-name': 'kubernetes' }),
  },
  {
    report: 'tls-server-name that is not in the certificate',
    works: false,
    kubeconfig: config(account, { ...here, 'tls-server-name': 'other.test' }),
  },
  {
    report: 'disable-compression',
    works: true,
    kubeconfig: config(account, { ...here, 'disable-compression': true }),
  },
  {
    report: 'several files, missing ones and empty items',
    works: true,
    kubeconfig: config({ token: 'wrong' }),
    files: { first: '{"users": [{"name": "a", "user": {"token": "{{token}}"}}]}', empty: '' },
    env: { KUBECONFIG: ':{{folder}}/none:{{folder}}/first:{{folder}}/empty:{{folder}}/config:' },
  },
  {
    report: 'a broken file among several',
    works: false,
    kubeconfig: config(account),
    files: { first: 'a: [' },
    env: { KUBECONFIG: '{{folder}}/config:{{folder}}/first' },
  },
  {
    report: '--kubeconfig before $KUBECONFIG',
    works: true,
    kubeconfig: config(account),
    env: { KUBECONFIG: '/none' },
    explicit: true,
  },
  {
    report: '~/.kube/config',
    works: true,
    kubeconfig: '',
    files: { '.kube/config': yaml },
    env: { KUBECONFIG: '' },
  },
]

const proxies: readonly KubeconfigCase[] = [
  {
    report: 'a host behind HTTPS_PROXY',
    works: true,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: 'http://{{proxy}}' },
  },
  {
    report: 'https_proxy without a scheme',
    works: true,
    kubeconfig: config(account, named),
    env: { https_proxy: '{{proxy}}' },
  },
  {
    report: 'HTTPS_PROXY of SOCKS5',
    works: true,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: 'socks5h://{{socks}}' },
  },
  {
    report: 'HTTP_PROXY alone',
    works: false,
    kubeconfig: config(account, named),
    env: { HTTP_PROXY: 'http://{{proxy}}' },
  },
  {
    report: 'HTTPS_PROXY that is dead',
    works: false,
    kubeconfig: config(account),
    env: { HTTPS_PROXY: 'http://{{dead}}' },
  },
  {
    report: 'NO_PROXY with a CIDR',
    works: true,
    kubeconfig: config(account),
    env: { HTTPS_PROXY: 'http://{{dead}}', NO_PROXY: 'a.test,{{host}}/24' },
  },
  {
    report: 'no_proxy with a port',
    works: true,
    kubeconfig: config(account),
    env: { HTTPS_PROXY: 'http://{{dead}}', no_proxy: '{{address}}' },
  },
  {
    report: 'NO_PROXY with another port',
    works: false,
    kubeconfig: config(account),
    env: { HTTPS_PROXY: 'http://{{dead}}', NO_PROXY: '{{host}}:1' },
  },
  {
    report: 'NO_PROXY of a suffix',
    works: false,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: 'http://{{proxy}}', NO_PROXY: '.corp.test' },
  },
  {
    report: 'NO_PROXY for everything',
    works: true,
    kubeconfig: config(account),
    env: { HTTPS_PROXY: 'http://{{dead}}', NO_PROXY: '*' },
  },
  {
    report: 'proxy-url before the environment',
    works: true,
    kubeconfig: config(account, { ...named, 'proxy-url': 'http://{{proxy}}' }),
    env: { HTTPS_PROXY: 'http://{{dead}}', NO_PROXY: '*' },
  },
  {
    report: 'proxy-url with credentials',
    works: true,
    kubeconfig: config(account, { ...named, 'proxy-url': 'http://me:p%40ss@{{asking}}' }),
  },
  {
    report: 'proxy-url with other credentials',
    works: false,
    kubeconfig: config(account, { ...named, 'proxy-url': 'http://me:other@{{asking}}' }),
  },
  {
    report: 'proxy-url of SOCKS5, which looks the name up',
    works: true,
    kubeconfig: config(account, { ...named, 'proxy-url': 'socks5://{{socks}}' }),
  },
  {
    report: 'proxy-url of another scheme',
    works: false,
    kubeconfig: config(account, { ...named, 'proxy-url': 'ftp://{{proxy}}' }),
  },
  {
    report: 'proxy-url without scheme',
    works: false,
    kubeconfig: config(account, { ...named, 'proxy-url': '{{proxy}}' }),
  },
]

export const kubeconfigCases: readonly KubeconfigCase[] = [...identity, ...plugins, ...forms, ...proxies]
