/** A flag of kubelet without its dashes. */
export interface KubeletFlag {
  readonly name: string
  readonly value: string
}

/** kubeadm decides these anew by what it finds, or a newer kubelet has them no more. */
const decidedAnew = new Set([
  'container-runtime',
  'container-runtime-endpoint',
  'hostname-override',
  'network-plugin',
  'pod-infra-container-image',
  'register-with-taints',
])
const nodeLabels = 'node-labels'

/** The flags in a `kubeadm-flags.env`; none when it is not one. */
export function kubeletFlagsIn(text: string): readonly KubeletFlag[] {
  const flags = /^KUBELET_KUBEADM_ARGS=(["']?)(.*)\1\s*$/m.exec(text)?.[2] ?? ''
  return flags
    .split(/\s+/)
    .filter((flag) => flag.startsWith('--'))
    .map((flag) => {
      const [name = '', ...value] = flag.slice(2).split('=')
      return { name, value: value.length === 0 ? 'true' : value.join('=') }
    })
}

/** The flags a node shall have, and with them those that its user gave it. Of labels both stay. */
export function withKeptFlags(
  flags: readonly KubeletFlag[],
  before: readonly KubeletFlag[],
): readonly KubeletFlag[] {
  const labelsBefore = before.find(({ name }) => name === nodeLabels)?.value ?? ''
  const isOwn = ({ name }: KubeletFlag): boolean =>
    decidedAnew.has(name) || flags.some((flag) => flag.name === name)
  return [
    ...flags.map(({ name, value }) =>
      name === nodeLabels ? { name, value: joinedLabels(labelsBefore, value) } : { name, value },
    ),
    ...before.filter((flag) => !isOwn(flag)),
  ]
}

function joinedLabels(before: string, now: string): string {
  const labels = [before, now].flatMap((text) => text.split(',').filter((label) => label !== ''))
  const byKey = new Map(labels.map((label) => [label.split('=', 1)[0] ?? '', label]))
  return [...byKey.values()].join(',')
}

export function renderKubeletFlags(flags: readonly KubeletFlag[]): string {
  return `KUBELET_KUBEADM_ARGS="${flags.map(({ name, value }) => `--${name}=${value}`).join(' ')}"\n`
}
