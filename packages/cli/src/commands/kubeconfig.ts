import { clusterCommand } from 'knest'
import { Command } from 'commander'
import { checkTarget, defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { keepKubeconfig } from '../kubeconfig/kept.js'
import { warnOfProxy } from '../proxy-warning.js'
import { ask, withHost } from '../operation.js'

export interface KubeconfigOptions extends GlobalOptions {
  readonly name: string
  readonly merge: boolean
  readonly switchContext: boolean
}

export async function kubeconfigRun(deps: Deps, options: KubeconfigOptions): Promise<void> {
  await checkTarget(deps, options)
  const keep = options.merge || options.switchContext
  const { ref, access, record } = await withHost(deps, options, ({ clusters }, host) =>
    ask(deps, async (signal) => {
      const found = await clusters.find(options.name, options.namespace, signal)
      const access = await clusters.kubeconfig(found, signal)
      return { ref: found, access, record: keep ? await host.record(signal) : undefined }
    }),
  )
  if (record !== undefined) {
    const owner = { ref, host: record }
    const { file = '', context = '' } = await keepKubeconfig(deps, owner, access.kubeconfig, {
      merge: true,
      switchContext: options.switchContext,
    })
    deps.messages.info(`Context "${context}" is set; own file: ${file}`)
  } else {
    deps.streams.out(access.kubeconfig)
  }
  if (access.reachable) await warnOfProxy(deps, access.server, `, or use ${clusterCommand('shell', ref)}`)
  else
    deps.messages.warning(`this machine cannot reach ${access.server}; use ${clusterCommand('shell', ref)}`)
}

export function kubeconfigCommand(deps: Deps, run: typeof kubeconfigRun = kubeconfigRun): Command {
  return new Command('kubeconfig')
    .description("print a nested cluster's kubeconfig, or merge it into your own")
    .argument('[name]', 'cluster name', defaultName)
    .option('--merge', 'write it to ~/.kube and add its context to your kubeconfig instead of printing it')
    .option('--switch-context', 'with --merge, also make it the current context')
    .action((name: string, flags: { merge?: boolean; switchContext?: boolean }, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        name,
        merge: flags.merge === true,
        switchContext: flags.switchContext === true,
      }),
    )
}
