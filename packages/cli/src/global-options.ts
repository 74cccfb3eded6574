import { Option, type Command } from 'commander'
import type { ConnectionOverrides, HostOptions as HostChoice } from 'knest'
import { connectionOptions, givenConnection } from './connection-options.js'
import { oneOf } from './one-of.js'
import type { ProgressStyle } from './render/renderer.js'

/** Which host cluster, as kubectl's flags of the same names. */
export interface HostOptions {
  readonly context?: string | undefined
  readonly kubeconfig?: string | undefined
  /** What counts before the kubeconfig. */
  readonly connection?: ConnectionOverrides | undefined
}

/** Whether they lead to a host by themselves, whatever the current context is. */
export function namesHost({ context, kubeconfig, connection }: HostOptions): boolean {
  return [context, kubeconfig, connection?.server, connection?.cluster].some((each) => each !== undefined)
}

/** As the library takes them. */
export function hostChoice({ context, kubeconfig, connection }: HostOptions): HostChoice {
  return { context, kubeconfig, ...connection }
}

/** Accepted before and after every command. */
export interface GlobalOptions extends HostOptions {
  readonly namespace?: string | undefined
  readonly quiet?: boolean | undefined
  readonly verbose?: boolean | undefined
  readonly progress?: 'auto' | 'tty' | 'plain' | 'json' | undefined
}

/** Where a command has a flag of the same name for something else. */
function ownFlags(words: readonly string[]): readonly string[] {
  return words.includes('host') && words.includes('role') ? ['--user'] : []
}

/** Those of a program that can read `words`. */
export function addGlobalOptions(program: Command, words: readonly string[]): void {
  for (const option of connectionOptions(ownFlags(words))) program.addOption(option.hideHelp())
  program
    .option(
      '--context <name>',
      'context of the host cluster (default: the current one, or the host of the nested cluster it is of)',
    )
    .option('--kubeconfig <file>', 'kubeconfig file of the host cluster')
    .option('-n, --namespace <name>', 'host namespace of the nested cluster (default: knest-NAME)')
    .addOption(new Option('--target-namespace <name>', 'the same as --namespace').hideHelp())
    .option('-q, --quiet', 'show errors only')
    .option('-v, --verbose', 'show the causes of errors')
    .addOption(
      new Option('--progress <style>', 'how to show progress on stderr (default: by terminal)').choices([
        'auto',
        'tty',
        'plain',
        'json',
      ]),
    )
}

/** As they were typed, for one value by two names. */
export type GivenOptions = GlobalOptions & { readonly targetNamespace?: string | undefined }

/** kubectl takes an empty one for none, as of an unset variable: `--context "$HOST"`. */
export function givenOptions(command: Pick<Command, 'optsWithGlobals'>): GivenOptions {
  const options = command.optsWithGlobals<GivenOptions & Readonly<Record<string, unknown>>>()
  const { context, kubeconfig, namespace, targetNamespace, quiet, verbose, progress } = options
  const unlessEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value)
  return {
    quiet,
    verbose,
    progress,
    connection: givenConnection(options),
    context: unlessEmpty(context),
    kubeconfig: unlessEmpty(kubeconfig),
    namespace: unlessEmpty(namespace),
    targetNamespace: unlessEmpty(targetNamespace),
  }
}

export function globalOptions(command: Command): GlobalOptions {
  const { context, kubeconfig, connection, namespace, targetNamespace, quiet, verbose, progress } =
    givenOptions(command)
  const given = oneOf(['--namespace', namespace], ['--target-namespace', targetNamespace])
  return { context, kubeconfig, connection, namespace: given, quiet, verbose, progress }
}

export function progressStyle(options: GlobalOptions, errIsTty: boolean): ProgressStyle {
  if (options.quiet === true) return 'quiet'
  if (options.progress !== undefined && options.progress !== 'auto') return options.progress
  return errIsTty ? 'tty' : 'plain'
}
