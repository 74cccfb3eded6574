import { defaultNamespace, KnestError, type ClusterRef, type ClusterSpec } from 'knest'
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
  const path = oneOf(['--from', flags.from], ['--cluster-template', flags.clusterTemplate])
  const file = path === undefined ? undefined : await readClusterFile(deps, room, path)
  const name = clusterName(options.name, file) ?? defaultName
  const namespace = agree('namespace', options.namespace, file?.ref.namespace) ?? defaultNamespace(name)
  room.validateClusterName(name)
  room.validateNamespace(namespace)
  for (const warning of file?.warnings ?? []) deps.messages.warning(warning)
  const labels = room.clusterLabels(file?.labels ?? {}, flags.labels ?? [])
  const input = room.mergeInput(file?.input ?? {}, flagsToInput(room, flags))
  const resolved = room.resolveSpec(input, { force: flags.force === true, clusterName: name })
  const serviceType = input.endpoint?.serviceType ?? 'auto'
  const spec: ClusterSpec = { ...resolved, endpoint: { serviceType } }
  checkAvoided(room, spec, flags.avoidCidr ?? [])
  return { ref: { name, namespace }, spec, labels }
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
