import { knestCommand } from '../../commands.js'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { KubeconfigChoice } from '../../contracts/kube-connection.js'
import { KnestError } from '../../errors.js'
import { proxyFromEnvironment } from '../proxy/choose.js'
import { proxyFromUrl, type Proxy } from '../proxy/proxy-url.js'
import { kubeconfigFiles, mergeKubeconfigs, parseText, readKubeconfigFile } from './files.js'
import { inClusterEntry, isInCluster } from './in-cluster.js'
import type { ClusterEntry, ContextEntry, Kubeconfig, UserEntry } from './model.js'
import { emptyUser } from './parse.js'
import { serverUrl } from './server-url.js'
import { clusterFaults, userFaults } from './validate.js'

export interface ChosenKubeconfig {
  /** Undefined when running in the cluster. */
  readonly context: string | undefined
  /** The context's namespace, `default` when it has none. */
  readonly namespace: string
  readonly server: URL
  readonly cluster: ClusterEntry
  readonly user: UserEntry
  /** The kubeconfig's own, else the environment's. */
  readonly proxy: Proxy | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Finds the kubeconfig as kubectl does: explicit, `$KUBECONFIG`, `~/.kube/config`, in-cluster. */
export function loadKubeconfig(
  choice: KubeconfigChoice,
  env: Environment = process.env,
): Promise<ChosenKubeconfig> {
  return Promise.resolve().then(() => load(choice, env))
}

function load(choice: KubeconfigChoice, env: Environment): ChosenKubeconfig {
  if (choice.kubeconfigText !== undefined) {
    const text = 'the given kubeconfig'
    return chooseContext(parseText(choice.kubeconfigText, text), choice, text, env)
  }
  const files = kubeconfigFiles(choice.kubeconfig, env)
  const config = mergeKubeconfigs(files.map(readKubeconfigFile))
  // As kubectl does: a kubeconfig that chooses nothing leaves the choice to the pod it is in.
  const chooses =
    (choice.kubeconfig ?? '') !== '' || (choice.context ?? '') !== '' || config.currentContext !== ''
  if (files.length > 0 && (chooses || !isInCluster(env)))
    return chooseContext(config, choice, `kubeconfig "${files.join(path.delimiter)}"`, env)
  if (isInCluster(env) && (choice.context ?? '') === '') return inCluster(env)
  const wanted = (choice.context ?? '') === '' ? '' : ` for context "${choice.context ?? ''}"`
  throw new KnestError('host-unreachable', `no kubeconfig was found${wanted}`, {
    hint: `give one with --kubeconfig or $KUBECONFIG, or make a host on this machine: ${knestCommand('host', 'up')}`,
  })
}

function chooseContext(
  config: Kubeconfig,
  choice: KubeconfigChoice,
  from: string,
  env: Environment,
): ChosenKubeconfig {
  const name = (choice.context ?? '') === '' ? config.currentContext : (choice.context ?? '')
  const names = [...config.contexts.keys()].map((each) => `"${each}"`).join(', ')
  const hint = names === '' ? `there are no contexts in ${from}` : `the contexts there are: ${names}`
  if (name === '') throw new KnestError('config', `${from} has no current context`, { hint })
  const context = config.contexts.get(name)
  if (context === undefined)
    throw new KnestError('config', `there is no context "${name}" in ${from}`, { hint })
  const cluster = config.clusters.get(context.cluster)
  if (cluster === undefined)
    throw new KnestError(
      'config',
      `context "${name}" names cluster "${context.cluster}", which is not in ${from}`,
    )
  const user = config.users.get(context.user) ?? emptyUser
  refuse(`cluster "${context.cluster}" of context "${name}" in ${from}`, clusterFaults(cluster))
  refuse(`user "${context.user}" of context "${name}" in ${from}`, userFaults(user))
  const server = serverUrl(cluster.server)
  if (server === undefined) {
    throw new KnestError('config', `cluster "${context.cluster}" has no usable server URL`, {
      hint: 'it must begin with https:// or http://',
    })
  }
  if (server.protocol === 'https:' && !canIdentify(user)) {
    const dangling = context.user !== '' && !config.users.has(context.user)
    const why = dangling
      ? `names user "${context.user}", which is not in ${from}`
      : `has a user without credentials in ${from}`
    throw new KnestError('config', `context "${name}" ${why}`, {
      hint: 'log in, or name another context with --context; kubectl asks for a user name and password here',
    })
  }
  return {
    context: name,
    namespace: context.namespace === '' ? 'default' : context.namespace,
    server: withoutCredentials(server),
    cluster,
    user: asServerSays(server, user),
    proxy: chooseProxy(cluster, server, choice.direct === true || isEmbedded(context), env),
  }
}

/** A user name in the server's URL counts before all that would be sent in its header, as in Go. */
function asServerSays(server: URL, user: UserEntry): UserEntry {
  if (server.username === '' && server.password === '') return user
  const { token, tokenFile, authProvider, exec } = emptyUser
  const [username, password] = [server.username, server.password].map(decodeURIComponent) as [string, string]
  return { ...user, token, tokenFile, authProvider, exec, username, password }
}

/** What is told of it is no place for passwords. */
function withoutCredentials(server: URL): URL {
  const plain = new URL(server)
  plain.username = ''
  plain.password = ''
  return plain
}

function refuse(what: string, faults: readonly string[]): void {
  if (faults.length === 0) return
  throw new KnestError('config', `${what} ${faults.join(', and ')}`, {
    hint: 'repair the kubeconfig; kubectl does not take it either',
  })
}

/** What kubectl would ask for on the terminal otherwise. */
function canIdentify(user: UserEntry): boolean {
  return (
    [user.token, user.tokenFile, user.username, user.clientCertificate].some((each) => each !== '') ||
    user.clientCertificateData.length > 0 ||
    user.authProvider !== undefined ||
    user.exec !== undefined
  )
}

function chooseProxy(
  cluster: ClusterEntry,
  server: URL,
  direct: boolean,
  env: Environment,
): Proxy | undefined {
  if (cluster.proxyUrl !== '') return proxyFromUrl(cluster.proxyUrl, 'proxy-url')
  return direct ? undefined : proxyFromEnvironment(server, env)
}

/** A host that knest made on this machine: its address is a container's here, which no proxy knows. */
function isEmbedded({ extensions }: ContextEntry): boolean {
  const own = extensions.get('knest.dev')
  return typeof own === 'object' && own !== null && 'embedded' in own
}

function inCluster(env: Environment): ChosenKubeconfig {
  const { cluster, user, namespace } = inClusterEntry(env)
  const server = serverUrl(cluster.server)
  if (server === undefined || !existsSync(user.tokenFile))
    throw new KnestError('host-unreachable', 'the cluster knest runs in has no usable address')
  return { context: undefined, namespace, server, cluster, user, proxy: proxyFromEnvironment(server, env) }
}
