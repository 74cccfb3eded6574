import type { KubeconfigCase } from './kubeconfig-case.js'
import { flags } from './kubeconfig-flags.js'
import { forms } from './kubeconfig-forms.js'
import { identities } from './kubeconfig-identities.js'
import { plugins } from './kubeconfig-plugins.js'
import { proxies } from './kubeconfig-proxies.js'

export const kubeconfigCases: readonly KubeconfigCase[] = [
  ...identities,
  ...plugins,
  ...forms,
  ...proxies,
  ...flags,
]
