import type { CertificateAuthorities, KeyPair } from '../contracts/cluster-home.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import { diskQuestion, type DiskState } from '../node/disk.js'

/** Where kubeadm has the pairs on a control plane, below /etc/kubernetes/pki. */
const files: Readonly<Record<keyof CertificateAuthorities, readonly [cert: string, key: string]>> = {
  ca: ['ca.crt', 'ca.key'],
  frontProxyCa: ['front-proxy-ca.crt', 'front-proxy-ca.key'],
  etcdCa: ['etcd/ca.crt', 'etcd/ca.key'],
  serviceAccount: ['sa.pub', 'sa.key'],
}

/** Bash lines that print the state of the disk, then each file in base64 behind its name. */
const question = `${diskQuestion}cd /etc/kubernetes/pki 2>/dev/null || exit 0
for file in ${Object.values(files).flat().join(' ')}; do
  [ ! -f "$file" ] || printf '%s %s\\n' "$file" "$(base64 --wrap=0 "$file")"
done
`

export interface NodeAuthorities {
  readonly disk: DiskState
  /** Undefined when one of the files is missing. */
  readonly authorities: CertificateAuthorities | undefined
}

/** Reads the authorities by which a control plane was set up. Secret: they come by its standard output. */
export async function readNodeAuthorities(node: NodeHandle, signal: AbortSignal): Promise<NodeAuthorities> {
  const { exitCode, stdout, stderr } = await node.execText(['bash', '-c', question], {
    timeoutMs: 15_000,
    repeatable: true,
    signal,
  })
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['look at /etc/kubernetes/pki'], exitCode, stderr)
  return parseNodeAuthorities(stdout)
}

function parseNodeAuthorities(text: string): NodeAuthorities {
  const [disk = 'empty', ...lines] = text.trim().split('\n')
  const found = new Map(
    lines.map((line) => {
      const [name = '', content = ''] = line.split(' ')
      return [name, Buffer.from(content, 'base64').toString('utf8')]
    }),
  )
  const pair = ([cert, key]: readonly [string, string]): KeyPair => ({
    cert: found.get(cert) ?? '',
    key: found.get(key) ?? '',
  })
  const isComplete = Object.values(files)
    .flat()
    .every((name) => (found.get(name) ?? '') !== '')
  const authorities = {
    ca: pair(files.ca),
    frontProxyCa: pair(files.frontProxyCa),
    etcdCa: pair(files.etcdCa),
    serviceAccount: pair(files.serviceAccount),
  }
  return { disk: disk as DiskState, authorities: isComplete ? authorities : undefined }
}
