import type { CertificateAuthorities, ClusterRef } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import { firstControlPlane } from '../engine/names.js'
import { parseFiles } from './files.js'
import { fieldsOf, isFields, isText } from './json.js'

const timeoutMs = 20_000

/** Undefined when they are absent or damaged. */
export function parseAuthorities(text: string | undefined): CertificateAuthorities | undefined {
  const found = fieldsOf(text)
  const isPair = (name: string): boolean => {
    const pair = found?.[name]
    return isFields(pair) && isText(pair.cert) && isText(pair.key)
  }
  const whole = ['ca', 'frontProxyCa', 'etcdCa', 'serviceAccount'].every(isPair)
  return whole ? (found as unknown as CertificateAuthorities) : undefined
}

/** Where kubeadm has the authorities on a control plane, by their names in the record. */
const authorityFiles = {
  ca: ['ca.crt', 'ca.key'],
  frontProxyCa: ['front-proxy-ca.crt', 'front-proxy-ca.key'],
  etcdCa: ['etcd/ca.crt', 'etcd/ca.key'],
  serviceAccount: ['sa.pub', 'sa.key'],
} as const

/** The authorities as the first control plane uses them; undefined when it does not run, or has none. */
export async function readAuthoritiesOfNode(
  engine: ContainerEngine,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<CertificateAuthorities | undefined> {
  const names = Object.values(authorityFiles).flat().join(' ')
  const script = `cd /etc/kubernetes/pki && for file in ${names}; do
  printf '%s %s\\n' "$file" "$(base64 --wrap=0 "$file")"
done`
  const argv = ['exec', firstControlPlane(ref.name), 'sh', '-c', script]
  const result = await engine.run(argv, { timeoutMs, signal })
  if (result.exitCode !== 0) return undefined
  const found = parseFiles(result.stdout) as Readonly<Record<string, string>>
  const pairs = Object.entries(authorityFiles).map(([name, [cert, key]]) => [
    name,
    { cert: found[cert] ?? '', key: found[key] ?? '' },
  ])
  return parseAuthorities(JSON.stringify(Object.fromEntries(pairs)))
}
