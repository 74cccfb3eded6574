import type { Path } from '../schema-problems.js'
import type { Fields } from './kubeadm-objects.js'
import type { Report } from './report.js'
import { argumentsIn } from './cluster-configuration.js'

/** Flags of kubelet that have a field in KubeletConfiguration, and how their text is read. */
const fields: Readonly<Record<string, readonly [string, (text: string) => unknown]>> = {
  'max-pods': ['maxPods', Number],
  'pods-per-core': ['podsPerCore', Number],
  'eviction-hard': ['evictionHard', (text) => pairs(text, '<')],
  'eviction-soft': ['evictionSoft', (text) => pairs(text, '<')],
  'eviction-soft-grace-period': ['evictionSoftGracePeriod', (text) => pairs(text, '=')],
  'eviction-minimum-reclaim': ['evictionMinimumReclaim', (text) => pairs(text, '=')],
  'system-reserved': ['systemReserved', (text) => pairs(text, '=')],
  'kube-reserved': ['kubeReserved', (text) => pairs(text, '=')],
  'image-gc-high-threshold': ['imageGCHighThresholdPercent', Number],
  'image-gc-low-threshold': ['imageGCLowThresholdPercent', Number],
  'fail-swap-on': ['failSwapOn', (text) => text === 'true'],
  'cpu-manager-policy': ['cpuManagerPolicy', String],
  'topology-manager-policy': ['topologyManagerPolicy', String],
  'serialize-image-pulls': ['serializeImagePulls', (text) => text === 'true'],
  'registry-qps': ['registryPullQPS', Number],
  'allowed-unsafe-sysctls': ['allowedUnsafeSysctls', (text) => text.split(',')],
  'feature-gates': [
    'featureGates',
    (text) => Object.fromEntries(Object.entries(pairs(text, '=')).map(([gate, on]) => [gate, on === 'true'])),
  ],
  v: ['logging', (text) => ({ verbosity: Number(text) })],
}

/** `a<1,b<2` or `a=1,b=2`. */
function pairs(text: string, sign: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [name = '', ...value] = pair.split(sign)
      return [name, value.join(sign)]
    }),
  )
}

/** What `kubeletExtraArgs` ask for: labels of the node, and fields of KubeletConfiguration. */
export function fromKubeletArguments(
  given: unknown,
  path: Path,
  report: Report,
): { readonly labels: Readonly<Record<string, string>>; readonly kubelet: Fields } {
  let labels: Readonly<Record<string, string>> = {}
  const kubelet: Record<string, unknown> = {}
  for (const { name, value } of argumentsIn(given)) {
    const field = fields[name]
    if (name === 'node-labels') labels = { ...labels, ...pairs(value, '=') }
    else if (field !== undefined) kubelet[field[0]] = field[1](value)
    else
      report.lacks(
        path,
        `kubelet's flag --${name}`,
        'use the field of KubeletConfiguration in its place, in a patch of that kind',
      )
  }
  return { labels, kubelet }
}
