import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { KnestError } from 'knest'
import type { KubeApi, KubeObject } from 'knest'
import { never } from './cluster.js'
import { hostContext } from './home.js'

const equip = fileURLToPath(new URL('../../kubevirt-stand-in/equip', import.meta.url))
const engineLabel = 'kubevirt-stand-in.knest.dev/engine'

/** What runs VMs on the host: only the first is KubeVirt. */
export type HostKubeVirt = 'real KubeVirt' | 'stand-in/container' | 'stand-in/qemu'

/** What a machine of the stand-in is: see e2e/kubevirt-stand-in/README.md. */
export type StandInEngine = 'container' | 'qemu'

/** Tells what is there; undefined when nothing is. */
export async function findKubeVirt(host: KubeApi): Promise<HostKubeVirt | undefined> {
  const kind = { apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt' }
  const found = await host.list(kind, { signal: never }).catch((error: unknown) => {
    if (error instanceof KnestError && error.code === 'not-found') return []
    throw error
  })
  const object = found[0]
  if (object === undefined) return undefined
  const engine = object.metadata.labels?.[engineLabel]
  if (engine === undefined) return 'real KubeVirt'
  return engine === 'qemu' ? 'stand-in/qemu' : 'stand-in/container'
}

export interface Equipped {
  readonly kind: HostKubeVirt
  /** What `knest create` is told: a machine that is a container has an image with an empty disk. */
  readonly createFlags: readonly string[]
  /** Takes away what was installed here; leaves alone what was there before. */
  remove(): void
}

/**
 * Sees to it that the host runs VMs, and prints by what: a real KubeVirt as it is found, else the stand-in with
 * this engine, which is installed on an embedded host. On any other host gives why there is none.
 */
export async function equipKubeVirt(
  host: KubeApi,
  engine: StandInEngine = 'container',
): Promise<Equipped | { readonly skipped: string }> {
  const found = await findKubeVirt(host)
  if (found === 'real KubeVirt' || found === `stand-in/${engine}`) {
    console.log(`VMs run on ${found}`)
    return { kind: found, createFlags: await createFlags(host, found), remove: () => undefined }
  }
  if (!isEmbeddedHost())
    return { skipped: `the host "${hostContext}" has no KubeVirt, and is no embedded host` }
  console.log(`VMs run on stand-in/${engine} (e2e/kubevirt-stand-in), not on a real KubeVirt`)
  run('install', '--engine', engine)
  // Of two installations the last one has the engine: the one before is brought back, not taken away.
  const before = found === undefined ? undefined : found.slice('stand-in/'.length)
  const remove = (): void => (before === undefined ? run('remove') : run('install', '--engine', before))
  const kind = `stand-in/${engine}` as const
  return { kind, createFlags: await createFlags(host, kind), remove }
}

async function createFlags(host: KubeApi, kind: HostKubeVirt): Promise<readonly string[]> {
  if (kind !== 'stand-in/container') return []
  const deployments = { apiVersion: 'apps/v1', kind: 'Deployment' }
  const standIn = await host.get(deployments, 'virt-api', 'kubevirt', never)
  const image = (standIn as Deployment | undefined)?.spec.template.spec.containers[0]?.image
  if (image === undefined) throw new Error('the stand-in has no image')
  return ['--vm-image', image]
}

interface Deployment extends KubeObject {
  readonly spec: { template: { spec: { containers: readonly { image: string }[] } } }
}

function run(...args: readonly string[]): void {
  execFileSync(equip, [...args, '--name', hostContext], { stdio: 'inherit' })
}

/** The context of an embedded host has the host's name. */
function isEmbeddedHost(): boolean {
  const asked = ['container', 'inspect', `${hostContext}-cp-0`]
  return ['podman', 'docker'].some((engine) => spawnSync(engine, asked, { stdio: 'ignore' }).status === 0)
}
