import { shortImageName } from 'knest'
import { Command } from 'commander'
import { checkTarget, defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { onCluster } from '../on-cluster.js'
import { ask, findCluster, withClusters } from '../operation.js'
import { noHeadersOption, outputOption, renderValue, type OutputFormat } from '../output.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { imagesTable, imagesView } from '../views/images.js'

export interface ImagesOptions extends GlobalOptions {
  readonly name: string
  readonly headers?: boolean | undefined
  readonly output?: OutputFormat | undefined
}

export async function imagesRun(deps: Deps, options: ImagesOptions): Promise<void> {
  await checkTarget(deps, options)
  await withClusters(deps, options, async (clusters) => {
    const ref = await findCluster(deps, clusters, options)
    const images = await ask(deps, (signal) => clusters.images(ref, signal))
    const value = await renderValue(imagesView(ref, images), options.output)
    if (value !== undefined) deps.streams.out(value)
    else if (options.output === 'name')
      deps.streams.out(images.map(({ name }) => `${shortImageName(name)}\n`).join(''))
    else if (images.length > 0) deps.streams.out(imagesTable(images, options))
    else deps.messages.info(`No images were loaded into cluster "${ref.name}"`)
  })
}

export interface RemoveImagesOptions extends GlobalOptions, TimeLimit {
  readonly name: string
  readonly images: readonly string[]
}

export async function removeImagesRun(deps: Deps, options: RemoveImagesOptions): Promise<void> {
  await onCluster(deps, options, async ({ clusters, ref, operate }) => {
    const removed = await operate((run) => clusters.removeImages(ref, options.images, run))
    for (const name of removed) deps.streams.out(`image "${shortImageName(name)}" removed\n`)
  })
}

export function imagesCommand(
  deps: Deps,
  run: typeof imagesRun = imagesRun,
  remove: typeof removeImagesRun = removeImagesRun,
): Command {
  const rm = new Command('rm')
    .description('remove loaded images from all nodes, and do not put them into new ones')
    .argument('<name>', 'cluster name')
    .argument('<image...>', 'images that were loaded')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action(
      (name: string, images: readonly string[], flags: { readonly timeout?: string }, command: Command) =>
        remove(deps, { ...globalOptions(command), name, images, ...timeLimit(flags.timeout) }),
    )
  return new Command('images')
    .description('list the images that were loaded into a nested cluster, and how many nodes have them')
    .argument('[name]', 'cluster name', defaultName)
    .addOption(noHeadersOption())
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action(
      (name: string, { headers, output }: Pick<ImagesOptions, 'headers' | 'output'>, command: Command) =>
        run(deps, { ...globalOptions(command), name, headers, output }),
    )
    .addCommand(rm)
}
