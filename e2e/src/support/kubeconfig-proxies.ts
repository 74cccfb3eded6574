import { account, config, named, type KubeconfigCase } from './kubeconfig-case.js'

export const proxies: readonly KubeconfigCase[] = [
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
    report: 'HTTPS_PROXY before https_proxy',
    works: true,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: 'http://{{proxy}}', https_proxy: 'http://{{dead}}' },
  },
  {
    report: 'an empty HTTPS_PROXY before https_proxy',
    works: true,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: '', https_proxy: 'http://{{proxy}}' },
  },
  {
    report: 'HTTPS_PROXY of a scheme that nobody knows',
    works: true,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: 'ftp://{{proxy}}' },
  },
  {
    report: 'HTTPS_PROXY with a blank before it, which is none',
    works: true,
    kubeconfig: config(account),
    env: { HTTPS_PROXY: ' http://{{dead}}' },
  },
  {
    report: 'ALL_PROXY',
    works: false,
    kubeconfig: config(account, named),
    env: { ALL_PROXY: 'http://{{proxy}}', all_proxy: 'http://{{proxy}}' },
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
    report: 'NO_PROXY in capitals, with blanks',
    works: false,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: 'http://{{proxy}}', NO_PROXY: 'x , API.CORP.TEST ' },
  },
  {
    report: 'NO_PROXY with semicolons',
    works: true,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: 'http://{{proxy}}', NO_PROXY: 'x;corp.test' },
  },
  {
    report: 'NO_PROXY for everything, in a list',
    works: false,
    kubeconfig: config(account, named),
    env: { HTTPS_PROXY: 'http://{{proxy}}', NO_PROXY: 'x,*,y' },
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
