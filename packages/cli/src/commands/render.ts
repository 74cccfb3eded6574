import { defaultNamespace, KnestError, type KubeObject } from 'knest'
import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { once, oneOf } from '../one-of.js'
import { ask } from '../operation.js'
import { addCreateFlags, type CreateFlags } from './create-flags.js'
import type { DesiredSpec } from './desired-spec.js'

export interface RenderOptions extends GlobalOptions {
  readonly name?: string | undefined
  readonly flags: CreateFlags
  readonly standalone: boolean
  readonly includeCrd: boolean
}

/** Prints manifests and asks no host for anything. The same wish gives the same bytes. */
export async function renderRun(deps: Deps, options: RenderOptions): Promise<void> {
  if (options.standalone && options.includeCrd) {
    throw new KnestError(
      'usage',
      '--include-crd has no meaning for a standalone cluster: it has no NestedCluster',
      {
        hint: 'leave one of --standalone and --include-crd out',
      },
    )
  }
  const { readDesiredSpec } = await import('./desired-spec.js')
  const desired = await readDesiredSpec(deps, options)
  const objects = options.standalone
    ? await standaloneManifests(deps, desired)
    : await declaredManifests(deps, desired, options)
  const { manifestText } = await import('../render/manifest.js')
  deps.streams.out(manifestText(objects))
}

async function declaredManifests(
  deps: Deps,
  { ref, spec, labels }: DesiredSpec,
  { includeCrd }: RenderOptions,
): Promise<readonly KubeObject[]> {
  const { keptCrd, namespaceObject, controllerBinding, clusterManifest } = await deps.manifests()
  return [
    ...(includeCrd ? [keptCrd()] : []),
    ...(ref.namespace === defaultNamespace(ref.name) ? [namespaceObject(ref)] : []),
    // The controller's own way to them: without it a cluster that is declared is only looked at.
    controllerBinding(ref),
    clusterManifest(ref, spec, labels),
  ]
}

async function standaloneManifests(deps: Deps, { ref, spec }: DesiredSpec): Promise<readonly KubeObject[]> {
  const note = (text: string): void => {
    deps.messages.note(text)
  }
  const { standalone } = await deps.manifests()
  const objects = await ask(deps, (signal) => standalone(ref, spec, { note, signal }))
  if (objects.some(needsServerSideApply)) {
    note('the manifests are too large for a plain `kubectl apply`: add --server-side')
  }
  return objects
}

/** Without it kubectl keeps a copy of the object in an annotation, and annotations hold 256 KiB. */
function needsServerSideApply(object: KubeObject): boolean {
  return JSON.stringify(object).length > 256 * 1024
}

interface OwnFlags extends CreateFlags {
  readonly filename?: string
  readonly standalone?: boolean
  readonly includeCrd?: boolean
}

export function renderCommand(deps: Deps, run: typeof renderRun = renderRun): Command {
  const command = new Command('render')
    .description('print the manifests of a cluster, for kubectl apply or a GitOps tool; no host is asked')
    .argument('[name]', 'cluster name (default: the name in the file, else knest)')
    .option('-f, --filename <file>', 'the same as --from', once('--filename'))
  return addCreateFlags(command)
    .option('--standalone', 'objects whose nodes set themselves up, without knest and its controller')
    .option('--include-crd', 'print the resource definition of NestedCluster first')
    .action((name: string | undefined, given: OwnFlags, self: Command) => {
      const { filename, standalone, includeCrd, ...flags } = given
      const from = oneOf(['--from', flags.from], ['--filename', filename])
      return run(deps, {
        ...globalOptions(self),
        name,
        flags: from === undefined ? flags : { ...flags, from },
        standalone: standalone === true,
        includeCrd: includeCrd === true,
      })
    })
}
