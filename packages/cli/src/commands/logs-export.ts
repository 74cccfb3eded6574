import { Command } from 'commander'
import { checkTarget, defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import type { LogSink } from '../logs/sinks.js'
import { findCluster, operate, withClusters } from '../operation.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'

export interface LogsExportOptions extends GlobalOptions, TimeLimit {
  readonly name: string
  /** As typed: a `.tar.gz`, a folder, or `-`; undefined: an archive named for the cluster. */
  readonly path: string | undefined
}

export async function logsExportRun(deps: Deps, options: LogsExportOptions): Promise<void> {
  await checkTarget(deps, options)
  const { name, path = `knest-${name}-logs.tar.gz` } = options
  await withClusters(deps, options, async (clusters) => {
    const ref = await findCluster(deps, clusters, options)
    const sink = await openSink(deps, path, `knest-${name}-logs`)
    try {
      const { files, missing, cut } = await operate(
        deps,
        options,
        (run) => clusters.exportLogs(ref, (file) => sink.write(file), run),
        () =>
          Promise.resolve({
            message: `"${path}" holds a part of the logs`,
            hint: 'remove it, and run the command again',
          }),
      )
      await sink.end()
      for (const text of missing) deps.messages.warning(`not in the export: ${text}`)
      if (cut.length > 0)
        deps.messages.note(`of ${cut.length} logs only the end is in the export: cut.txt there says of which`)
      if (path !== '-') deps.streams.out(`${path}\n`)
      deps.messages.info(
        `${files} files of cluster "${name}"; secrets are removed as far as they can be known by their form: look into it before you hand it on`,
      )
    } catch (error) {
      sink.discard()
      throw error
    }
  })
}

async function openSink(deps: Deps, path: string, folder: string): Promise<LogSink> {
  const now = (): Date => deps.now()
  const { archiveSink, folderSink, streamSink } = await import('../logs/sinks.js')
  if (path === '-') return streamSink(deps.streams.stdout, folder, now)
  return /\.(tar\.gz|tgz)$/.test(path) ? archiveSink(path, folder, now) : folderSink(path)
}

function exportCommand(deps: Deps, name: string, run: typeof logsExportRun): Command {
  return new Command(name)
    .description('put everything that a bug report needs into a file or a folder, without secrets')
    .argument('[name]', 'cluster name', defaultName)
    .argument('[path]', 'a new .tar.gz, a new folder, or - for stdout (default: knest-NAME-logs.tar.gz)')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action(
      (
        cluster: string,
        path: string | undefined,
        { timeout }: { readonly timeout?: string },
        self: Command,
      ) => run(deps, { ...globalOptions(self), name: cluster, path, ...timeLimit(timeout) }),
    )
}

export function logsCommand(deps: Deps, run: typeof logsExportRun = logsExportRun): Command {
  return new Command('logs')
    .description('collect the logs of a nested cluster')
    .addCommand(exportCommand(deps, 'export', run))
}

/** As kind calls it. */
export function exportLogsCommand(deps: Deps, run: typeof logsExportRun = logsExportRun): Command {
  return new Command('export')
    .description('the same as logs export')
    .addCommand(exportCommand(deps, 'logs', run))
}
