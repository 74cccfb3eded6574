import type { NodeHandle } from '../contracts/node-backend.js'
import { packBundle } from '../kubeadm/bundle.js'
import type { KeptConfiguration } from '../kubeadm/kept-configuration.js'
import { kubeletFlagsIn, type KubeletFlag } from '../kubeadm/kubelet-flags.js'
import { lastingFile } from '../node/lasting.js'
import { upgradingMarker } from '../node/node-state.js'
import { runScript } from '../node/run-script.js'

/**
 * On the node's disk: what was its user's before an upgrade. The API may be away when it is needed, and files that
 * kubeadm writes anew can be looked up there afterwards.
 */
const directory = '/var/lib/knest/before-upgrade'
const configurationPath = `${directory}/configuration.json`

/** Marks the node as being upgraded, once; a node that was cordoned before stays so in the end. */
export function beginScript(cordoned: boolean): string {
  return `[ ! -e ${upgradingMarker} ] || exit 0
rm -rf ${directory}
mkdir -p ${directory}
cp -a /etc/kubernetes/manifests ${directory}/
for file in config.yaml kubeadm-flags.env; do
  [ ! -e /var/lib/kubelet/$file ] || cp -a /var/lib/kubelet/$file ${directory}/
done
tar --no-same-owner -xf - -C /
${lastingFile(upgradingMarker, cordoned ? 'cordoned' : '')}`
}

export async function beginUpgrade(
  node: NodeHandle,
  before: { readonly cordoned: boolean; readonly kept: KeptConfiguration },
  signal: AbortSignal,
): Promise<void> {
  const content = `${JSON.stringify(before.kept)}\n`
  const stdin = await packBundle([{ path: configurationPath, content, mode: 0o600 }])
  await runScript(node, 'begin of the upgrade', beginScript(before.cordoned), {
    stdin,
    timeoutMs: 30_000,
    signal,
  })
}

export interface BeforeUpgrade {
  /** Undefined where nobody has written it down: the node was made again meanwhile. */
  readonly kept: KeptConfiguration | undefined
  readonly kubeletFlags: readonly KubeletFlag[]
}

const flagsHeading = '= flags'
const flagsPath = '/var/lib/kubelet/kubeadm-flags.env'
/** What lies there without the marker is of another upgrade. */
export const readBeforeScript = `[ ! -e ${upgradingMarker} ] || cat ${configurationPath} 2>/dev/null || true
echo '${flagsHeading}'
cat ${flagsPath} 2>/dev/null || true
`

export async function readBeforeUpgrade(node: NodeHandle, signal: AbortSignal): Promise<BeforeUpgrade> {
  const said = await runScript(node, 'look at the upgrade', readBeforeScript, { timeoutMs: 30_000, signal })
  const [configuration = '', flags = ''] = said.split(`${flagsHeading}\n`)
  const isWritten = configuration.trim() !== ''
  return {
    kept: isWritten ? (JSON.parse(configuration) as KeptConfiguration) : undefined,
    kubeletFlags: kubeletFlagsIn(flags),
  }
}
