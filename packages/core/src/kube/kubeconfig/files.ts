import { kubectlCommand } from '../../commands.js'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { KnestError } from '../../errors.js'
import { FieldFault } from './fields.js'
import { decodeText, YamlFault } from './go-yaml.js'
import type { ClusterEntry, Kubeconfig, UserEntry } from './model.js'
import { parseKubeconfig } from './parse.js'

/** The files that are read, first one first; those of `$KUBECONFIG` that are not there are left out. */
export function kubeconfigFiles(
  explicit: string | readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (explicit !== undefined && explicit !== '') return typeof explicit === 'string' ? [explicit] : explicit
  if ((env.KUBECONFIG ?? '') !== '') {
    const listed = new Set(env.KUBECONFIG?.split(path.delimiter).filter((file) => file !== ''))
    // kubectl skips the files of the list that are not there; so does knest, unless none is there.
    const present = [...listed].filter((file) => existsSync(file))
    return present.length > 0 ? present : [...listed]
  }
  const usual = path.join(env.HOME ?? homedir(), '.kube', 'config')
  return existsSync(usual) ? [usual] : []
}

/** Relative paths in it are taken from its folder. */
export function readKubeconfigFile(file: string): Kubeconfig {
  const bytes = readBytes(file)
  const config = namingFaults(`kubeconfig "${file}"`, () => parseKubeconfig(decodeText(bytes)))
  const folder = path.resolve(path.dirname(file))
  const absolute = (name: string) => (name === '' ? '' : path.resolve(folder, name))
  return {
    ...config,
    clusters: mapValues(config.clusters, (cluster): ClusterEntry => {
      return { ...cluster, certificateAuthority: absolute(cluster.certificateAuthority) }
    }),
    users: mapValues(config.users, (user): UserEntry => {
      const { exec } = user
      // A name alone is looked for in $PATH.
      const command = exec?.command.includes(path.sep) === true ? absolute(exec.command) : exec?.command
      return {
        ...user,
        clientCertificate: absolute(user.clientCertificate),
        clientKey: absolute(user.clientKey),
        tokenFile: absolute(user.tokenFile),
        exec: exec === undefined ? undefined : { ...exec, command: command ?? '' },
      }
    }),
  }
}

/** A kubeconfig that is in no file. */
export function parseText(text: string, from: string): Kubeconfig {
  return namingFaults(from, () => parseKubeconfig(text))
}

/** The first file to name something wins, as in kubectl. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merged = <T>(section: (config: Kubeconfig) => ReadonlyMap<string, T>): ReadonlyMap<string, T> => {
    const all = new Map<string, T>()
    for (const config of configs)
      for (const [name, entry] of section(config)) if (!all.has(name)) all.set(name, entry)
    return all
  }
  return {
    currentContext: configs.map((config) => config.currentContext).find((name) => name !== '') ?? '',
    clusters: merged((config) => config.clusters),
    users: merged((config) => config.users),
    contexts: merged((config) => config.contexts),
  }
}

function mapValues<T>(map: ReadonlyMap<string, T>, change: (value: T) => T): ReadonlyMap<string, T> {
  return new Map([...map].map(([name, value]) => [name, change(value)]))
}

function namingFaults(from: string, read: () => Kubeconfig): Kubeconfig {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof YamlFault || error instanceof FieldFault)) throw error
    throw new KnestError('config', `${from} is not a valid kubeconfig: ${error.message}`, {
      hint: `check it with: ${kubectlCommand('config', 'view')}`,
    })
  }
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new KnestError('config', `kubeconfig "${file}" ${missing ? 'does not exist' : 'cannot be read'}`, {
      hint: 'give another file with --kubeconfig or $KUBECONFIG',
      cause: error,
    })
  }
}
