import type { Certificate } from '../contracts/certificates.js'
import type { NodeRole } from '../contracts/cluster.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import { readExpiry } from './expiry.js'
import { apiServer, kubeletClient, knownCertificates, unfinishedMarker } from './known.js'

export interface NodeCertificates {
  readonly certificates: readonly Certificate[]
  /** What the API server of a control plane shows, in PEM; absent where it was not read. */
  readonly serving?: string
  readonly unfinished: boolean
  readonly problems: readonly string[]
}

// Private keys stand in the same files: only certificates leave the node.
const script = `[ -e ${unfinishedMarker} ] && echo '= unfinished'
while [ $# -gt 1 ]; do
  if [ -e "$2" ]; then
    echo "= $1"
    case $2 in
      *.conf) sed -n 's/^ *client-certificate-data: *//p' "$2" | base64 -d ;;
      *) sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' "$2" ;;
    esac
  fi
  shift 2
done
exit 0
`

/** A bash script and its arguments: what it prints is for `parseNodeCertificates`. */
export function readNodeQuestion(role: NodeRole): {
  readonly script: string
  readonly args: readonly string[]
} {
  return { script, args: knownCertificates(role).flatMap(({ name, path }) => [name, path]) }
}

/** Reads all certificates of a node in one command. One that is not there is not in the list. */
export async function readNodeCertificates(
  node: NodeHandle,
  now: Date,
  signal: AbortSignal,
): Promise<NodeCertificates> {
  const question = readNodeQuestion(node.role)
  const argv = ['bash', '-c', question.script, 'certificates', ...question.args]
  const { exitCode, stdout, stderr } = await node.execText(argv, {
    timeoutMs: 30_000,
    repeatable: true,
    signal,
  })
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['reading certificates'], exitCode, stderr.trim())
  return parseNodeCertificates(node, stdout, now)
}

export function parseNodeCertificates(
  { name: node, role }: Pick<NodeHandle, 'name' | 'role'>,
  text: string,
  now: Date,
): NodeCertificates {
  const found = new Map(text.split(/^= /m).map((part) => splitAtLineEnd(part)))
  const certificates: Certificate[] = []
  const problems: string[] = []
  for (const { name, ca } of knownCertificates(role)) {
    const pem = found.get(name)
    if (pem === undefined) continue
    const expiry = readExpiry(pem, now)
    const renewedBy = name === kubeletClient.name ? 'kubelet' : 'knest'
    if (expiry === undefined) problems.push(`certificate "${name}" of node "${node}" cannot be read`)
    else certificates.push({ node, name, ...expiry, ca, renewedBy })
  }
  const serving = found.get(apiServer.name)
  return {
    certificates,
    unfinished: found.has('unfinished'),
    problems,
    ...(serving === undefined ? {} : { serving }),
  }
}

function splitAtLineEnd(part: string): [string, string] {
  const end = part.indexOf('\n')
  return [part.slice(0, end), part.slice(end + 1)]
}
