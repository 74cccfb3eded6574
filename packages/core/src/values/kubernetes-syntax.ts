/** Faults are the ends of sentences; undefined means there is none. */

export function labelKeyFault(key: string): string | undefined {
  const [first = '', second, ...rest] = key.split('/')
  if (rest.length > 0) return 'has more than one "/"'
  if (second === undefined) return qualifiedNameFault(first)
  return subdomainFault(first) ?? qualifiedNameFault(second)
}

/** What a kubelet may not put on its own Node: it would refuse to start (`--node-labels`). */
export function nodeLabelFault(key: string): string | undefined {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : ''
  if (!/(^|\.)(kubernetes|k8s)\.io$/.test(domain)) return undefined
  if (/(^|\.)(kubelet|node)\.kubernetes\.io$/.test(domain) || kubeletLabels.includes(key)) return undefined
  return 'is reserved: a kubelet may not give itself labels of kubernetes.io or k8s.io'
}

const kubeletLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region']

export function labelValueFault(value: string): string | undefined {
  return value === '' ? undefined : qualifiedNameFault(value)
}

/** What is wrong with a DNS label, as the end of a sentence; undefined when nothing is. */
export function labelFault(text: string, maxLength: number, begin: RegExp): string | undefined {
  if (text === '') return 'is empty'
  if (/[A-Z]/.test(text)) return 'has upper-case letters'
  const strange = /[^a-z0-9-]/.exec(text)?.[0]
  if (strange !== undefined) return `has "${strange}" in it`
  if (text.length > maxLength) return `is ${text.length} characters long, ${maxLength} are allowed`
  if (!begin.test(text)) return `begins with "${text.slice(0, 1)}"`
  return text.endsWith('-') ? 'ends with "-"' : undefined
}

/** DNS-1123 subdomain, the name of most objects: Kubernetes limits the whole of it, and not its parts. */
export function subdomainFault(text: string): string | undefined {
  if (text.length > 253) return `is ${text.length} characters long, 253 are allowed`
  if (text.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part))) return undefined
  return 'is not a DNS name of lower-case letters, digits, "-" and "."'
}

/** A name that DNS servers are to answer for: there each part has a limit, too. */
export function domainFault(text: string): string | undefined {
  const long = text.split('.').find((part) => part.length > 63)
  return (
    subdomainFault(text) ??
    (long === undefined ? undefined : `has a part of ${long.length} characters, 63 are allowed`)
  )
}

/** Enough to catch blanks, upper case and schemes in an image reference before a node fails to pull it. */
export function imageFault(image: string): string | undefined {
  if (image === '') return 'is empty'
  if (/\s/.test(image)) return 'has blanks in it'
  if (image.includes('://')) return 'has a scheme in front; leave it out'
  const pattern = /^[a-zA-Z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/
  return pattern.test(image) ? undefined : 'is not an image reference such as registry.example/knest/node:v1'
}

/** The tag of an image reference, also in front of a digest; undefined when it names none. */
export function imageTag(image: string): string | undefined {
  // What is behind a colon in front of a slash is a registry's port.
  return /^[^@]*?:([^:/@]+)(@.*)?$/.exec(image)?.[1]
}

function qualifiedNameFault(text: string): string | undefined {
  if (text === '') return 'has an empty part'
  if (text.length > 63) return `has a part of ${text.length} characters, 63 are allowed`
  if (/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text)) return undefined
  return 'may hold letters, digits, "-", "_" and "." and must begin and end with a letter or digit'
}
