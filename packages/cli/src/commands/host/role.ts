import { KnestError, knestCommand, type KubeObject } from 'knest'
import { Command } from 'commander'
import type { Deps } from '../../deps.js'
import { givenOptions } from '../../global-options.js'
import { collect, oneOf } from '../../one-of.js'
import { outputOption, type OutputFormat } from '../../output.js'

/** Who gets the rights, each as typed and any number of times. */
interface Subjects {
  readonly user?: readonly string[]
  readonly group?: readonly string[]
  readonly serviceaccount?: readonly string[]
}

export interface HostRoleOptions {
  readonly namespace: string
  readonly subjects: Subjects
  readonly hostView: boolean
  readonly output?: OutputFormat | undefined
}

/** Prints what an admin of the host gives a user of one namespace. Asks no host. */
export async function hostRoleRun(deps: Deps, options: HostRoleOptions): Promise<void> {
  const { validateNamespace } = await deps.spec()
  validateNamespace(options.namespace)
  const { hostViewRole, userRole } = await deps.manifests()
  const subjects = roleSubjects(options.subjects, validateNamespace)
  const objects = [
    ...userRole(options.namespace, subjects),
    ...(options.hostView ? hostViewRole(subjects) : []),
  ]
  deps.streams.out(await printed(objects, options.output))
  if (subjects.length === 0)
    deps.messages.note('nobody is given this yet: name who gets it with --user, --group or --serviceaccount')
}

/** As `kubectl get -o json` prints several objects. */
async function printed(objects: readonly KubeObject[], output: OutputFormat | undefined): Promise<string> {
  if (output === 'json')
    return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, undefined, 2)}\n`
  return (await import('../../render/manifest.js')).manifestText(objects)
}

function roleSubjects(
  { user = [], group = [], serviceaccount = [] }: Subjects,
  validateNamespace: (namespace: string) => void,
): Parameters<Awaited<ReturnType<Deps['manifests']>>['userRole']>[1] {
  const named = (kind: 'User' | 'Group', flag: string) => (name: string) => {
    if (name.trim() === '')
      throw new KnestError('usage', `${flag} is empty`, { hint: `name one, or leave it out` })
    return { kind, name }
  }
  const all = [
    ...user.map(named('User', '--user')),
    ...group.map(named('Group', '--group')),
    ...serviceaccount.map((text) => {
      const [namespace = '', name = '', ...more] = text.split(':')
      if (namespace === '' || !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || more.length > 0) {
        throw new KnestError('usage', `--serviceaccount "${text}" is not NAMESPACE:NAME`, {
          hint: 'write it as in --serviceaccount team:deployer',
        })
      }
      validateNamespace(namespace)
      return { kind: 'ServiceAccount' as const, namespace, name }
    }),
  ]
  return [...new Map(all.map((subject) => [JSON.stringify(subject), subject])).values()]
}

interface Flags extends Subjects {
  readonly hostView?: boolean
  readonly output?: OutputFormat
}

export function hostRoleCommand(deps: Deps, run: typeof hostRoleRun = hostRoleRun): Command {
  return new Command('role')
    .description(
      'print the Role with which somebody makes clusters in one namespace, for kubectl apply; no host is asked',
    )
    .argument('[namespace]', 'namespace of the host that the rights are for')
    .option('--user <name>', 'user who gets the rights; repeatable', collect)
    .option('--group <name>', 'group that gets the rights; repeatable', collect)
    .option('--serviceaccount <namespace:name>', 'service account that gets the rights; repeatable', collect)
    .option('--host-view', 'also a ClusterRole to look at nodes, storage classes and ranges of the host')
    .addOption(outputOption(['yaml', 'json']))
    .action((typed: string | undefined, flags: Flags, command: Command) => {
      const { hostView, output, ...subjects } = flags
      const { namespace: flag, targetNamespace } = givenOptions(command)
      const given = oneOf(['--namespace', flag], ['--target-namespace', targetNamespace])
      const namespace = oneOf(['NAMESPACE', typed], ['--namespace', given])
      if (namespace === undefined)
        throw new KnestError('usage', 'no namespace is named', {
          hint: `write it as in ${knestCommand('host', 'role', 'team', '--user', 'jane')}`,
        })
      return run(deps, { namespace, subjects, hostView: hostView === true, output })
    })
}
