import { account, byToken, config, here, login, plugin, type KubeconfigCase } from './kubeconfig-case.js'

export const plugins: readonly KubeconfigCase[] = [
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
    report: 'login plugin whose token has ended',
    works: true,
    kubeconfig: config({ exec: plugin }),
    files: { login: login('{"token":"{{token}}","expirationTimestamp":"2020-01-01T00:00:00Z"}') },
  },
  {
    report: 'login plugin that prints more than its answer',
    works: false,
    kubeconfig: config({ exec: plugin }),
    files: { login: `${byToken}echo; echo bye\n` },
  },
  {
    report: 'login plugin that would read from the terminal',
    works: true,
    kubeconfig: config({ exec: { ...plugin, interactiveMode: 'IfAvailable' } }),
    files: { login: login('{"token":"{{token}}"}', 'read answer && exit 1') },
  },
  {
    report: 'login plugin that is in this folder only, by its name alone',
    works: false,
    kubeconfig: config({ exec: { ...plugin, command: 'login' } }),
    files: { login: byToken },
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
