import {
  defaultNamespace,
  KnestError,
  PreflightError,
  type ClusterRef,
  type ClusterSpec,
  type Problem,
} from 'knest'
import { defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { checkAvoided } from './avoided-ranges.js'
import { oneOf } from '../one-of.js'
import type { CreateFlags } from './create-flags.js'
import { flagsToInput } from './flags-to-input.js'
import { readClusterFile, type ClusterFile } from './read-cluster-file.js'

/** What the user wants, checked as far as it can be without the host. */
export interface DesiredSpec {
  readonly ref: ClusterRef
  readonly spec: ClusterSpec
  /** Of the cluster's object. */
  readonly labels: Readonly<Record<string, string>>
}

export interface DesiredSpecOptions {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly flags: CreateFlags
}

export async function readDesiredSpec(deps: Deps, options: DesiredSpecOptions): Promise<DesiredSpec> {
  const room = await deps.spec()
  const { flags } = options
  const path = oneOf(
    ['--from', flags.from],
    ['--config', flags.config],
    ['--cluster-template', flags.clusterTemplate],
  )
  const file = path === undefined ? undefined : await readClusterFile(deps, room, path)
  const name = clusterName(options.name, file) ?? defaultName
  const namespace = agree('namespace', options.namespace, file?.ref.namespace) ?? defaultNamespace(name)
  room.validateClusterName(name)
  room.validateNamespace(namespace)
  for (const warning of file?.warnings ?? []) deps.messages.warning(warning)
  const labels = room.clusterLabels(file?.labels ?? {}, flags.labels ?? [])
  refuseUnsupported(deps, file?.unsupported ?? [], flags.force === true)
  const input = room.mergeInput(file?.input ?? {}, flagsToInput(room, flags))
  const resolved = room.resolveSpec(input, { force: flags.force === true, clusterName: name })
  const serviceType = input.endpoint?.serviceType ?? 'auto'
  const spec: ClusterSpec = { ...resolved, endpoint: { serviceType } }
  checkAvoided(room, spec, flags.avoidCidr ?? [])
  return { ref: { name, namespace }, spec, labels }
}

/** What a file of kind asks for and a nested cluster would lack; `--force` makes the cluster without it. */
function refuseUnsupported(deps: Deps, unsupported: readonly Problem[], isForced: boolean): void {
  if (!isForced && unsupported.length > 0) throw new PreflightError('config', unsupported)
  for (const { message } of unsupported) deps.messages.warning(`${message}: the cluster is made without it`)
}

function clusterName(asked: string | undefined, file: ClusterFile | undefined): string | undefined {
  return file?.isTemplate === true ? (asked ?? file.ref.name) : agree('cluster', asked, file?.ref.name)
}

function agree(what: string, asked: string | undefined, inFile: string | undefined): string | undefined {
  if (asked !== undefined && inFile !== undefined && asked !== inFile) {
    throw new KnestError('config', `the file names ${what} "${inFile}", the command line "${asked}"`, {
      hint: 'leave one of them out',
    })
  }
  return asked ?? inFile
}
