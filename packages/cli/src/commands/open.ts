import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { parseDuration } from '../duration.js'
import { exitCodes, SilentExit } from '../exit-codes.js'
import { globalOptions } from '../global-options.js'
import { onCluster } from '../on-cluster.js'
import type { OpenFlags } from '../open/request.js'
import { timeLimit } from '../time-limit.js'
import { whileRead } from '../while-read.js'

export function openCommand(deps: Deps): Command {
  return new Command('open')
    .description(
      'print a URL by which this machine reaches a Service, and forward it where nothing else does',
    )
    .argument('<name>', 'cluster name')
    .argument('<target>', 'svc/x, deploy/x, sts/x, ds/x, rs/x or pod/x, with :PORT where it has several')
    .option('--nested-namespace <name>', 'namespace in the nested cluster (default: default)')
    .option('--address <ip>', 'address of this machine to listen on (default: 127.0.0.1)')
    .option('--local-port <port>', 'port of this machine to listen on (default: any free one)')
    .option(
      '--pod-running-timeout <duration>',
      'how long a pod may take to be ready (default: 1m)',
      (text: string) => parseDuration(text, '--pod-running-timeout'),
    )
    .action(async (name: string, target: string, flags: OpenFlags, command: Command) => {
      const { portRequest, showOpened, untilStopped } = await import('../open/index.js')
      const options = { ...globalOptions(command), ...timeLimit(undefined), name }
      const request = portRequest(deps, name, target, flags, await deps.spec())
      await onCluster(deps, options, async ({ clusters, ref, operate }) => {
        const opened = await operate((run) => clusters.openPort(ref, request, run))
        try {
          showOpened(deps, opened)
          if (!opened.isForwarded) return
          await untilStopped(deps, opened, name, (signal, work) => whileRead(deps, signal, work))
        } finally {
          await opened.close()
        }
        // It has no other end, and so nothing is said of it.
        throw new SilentExit(exitCodes.cancelled)
      })
    })
}
