import { account, config, here, yaml, type KubeconfigCase } from './kubeconfig-case.js'

export const forms: readonly KubeconfigCase[] = [
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
    report: 'JSON, and more of it behind',
    works: true,
    kubeconfig: `${JSON.stringify(config(account))}\n{"a": [`,
  },
  {
    report: 'base64 in lines',
    works: true,
    kubeconfig: yaml.replace(
      '{server: "{{server}}", certificate-authority-data: {{ca}}}',
      '\n    server: "{{server}}"\n    certificate-authority-data: |\n      {{ca}}\n',
    ),
  },
  {
    report: 'names that are numbers',
    works: false,
    kubeconfig: yaml.replaceAll(/: a$/gm, ': 1').replace('{cluster: a, user: a}', '{cluster: 1, user: 1}'),
  },
  {
    report: 'names with blanks and slashes',
    works: true,
    kubeconfig: yaml
      .replaceAll(/: a$/gm, ': "a b/ü@c"')
      .replace('{cluster: a, user: a}', '{cluster: "a b/ü@c", user: "a b/ü@c"}'),
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
    report: 'a server that is an address to browsers only',
    works: false,
    kubeconfig: config(account, { ...here, server: 'https://2130706433:6443' }),
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
    report: 'authority of the system (SSL_CERT_DIR)',
    works: true,
    kubeconfig: config(account, { server: '{{server}}' }),
    files: { 'authorities/ours.pem': '{{ca|text}}' },
    env: { SSL_CERT_FILE: '/none', SSL_CERT_DIR: '/none:{{folder}}/authorities' },
  },
  {
    report: 'NODE_TLS_REJECT_UNAUTHORIZED, which is for other programs',
    works: false,
    kubeconfig: config(account, { server: '{{server}}' }),
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
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
    report: 'a cluster of two files, of which the first counts as a whole',
    works: false,
    kubeconfig: config(account),
    files: { first: '{"clusters": [{"name": "a", "cluster": {"server": "{{server}}"}}]}' },
    env: { KUBECONFIG: '{{folder}}/first:{{folder}}/config' },
  },
  {
    report: 'files of two kubeconfigs, each beside its own',
    works: true,
    kubeconfig: { users: [{ name: 'a', user: { tokenFile: 'token' } }] },
    files: {
      'sub/first': JSON.stringify(
        config({}, { server: '{{server}}', 'certificate-authority': 'ca.crt' }, { users: null }),
      ),
      'sub/ca.crt': '{{ca|text}}',
      token: '{{token}}',
    },
    env: { KUBECONFIG: '{{folder}}/sub/first:{{folder}}/config' },
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
