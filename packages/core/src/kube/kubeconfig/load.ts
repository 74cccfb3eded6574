import { knestCommand } from '../../commands.js'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ConnectionOverrides, KubeconfigChoice } from '../../contracts/kube-connection.js'
import { KnestError } from '../../errors.js'
import { proxyFromEnvironment } from '../proxy/choose.js'
import { proxyFromUrl, type Proxy } from '../proxy/proxy-url.js'
import { kubeconfigFiles, mergeKubeconfigs, parseText, readKubeconfigFile } from './files.js'
import { inClusterEntry, isInCluster } from './in-cluster.js'
import type { ClusterEntry, ContextEntry, Kubeconfig, UserEntry } from './model.js'
import { clusterWith, given, userWith } from './overrides.js'
import { emptyCluster, emptyContext, emptyKubeconfig, emptyUser } from './parse.js'
import { serverUrl } from './server-url.js'
import { clusterFaults, userFaults } from './validate.js'

export interface ChosenKubeconfig {
  /** Undefined when running in the cluster, and where a server was given and no context. */
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
  const wantedContext = given(choice.context)
  const chooses =
    (choice.kubeconfig ?? '') !== '' || wantedContext !== undefined || config.currentContext !== ''
  if (files.length > 0 && (chooses || !isInCluster(env)))
    return chooseContext(config, choice, `kubeconfig "${files.join(path.delimiter)}"`, env)
  if (isInCluster(env) && wantedContext === undefined) return inCluster(choice, env)
  if (given(choice.server) !== undefined && wantedContext === undefined)
    return chooseContext(emptyKubeconfig, choice, 'what was given', env)
  const wanted = wantedContext === undefined ? '' : ` for context "${wantedContext}"`
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
  const name = given(choice.context) ?? given(config.currentContext)
  const names = [...config.contexts.keys()].map((each) => `"${each}"`).join(', ')
  const hint = names === '' ? `there are no contexts in ${from}` : `the contexts there are: ${names}`
  const isOtherServer = given(choice.server) !== undefined || given(choice.cluster) !== undefined
  if (name === undefined && !isOtherServer)
    throw new KnestError('config', `${from} has no current context`, { hint })
  const context = name === undefined ? emptyContext : config.contexts.get(name)
  if (context === undefined)
    throw new KnestError('config', `there is no context "${name ?? ''}" in ${from}`, { hint })
  const clusterName = given(choice.cluster) ?? context.cluster
  const userName = given(choice.user) ?? context.user
  const of = name === undefined ? '' : ` of context "${name}"`
  const found = config.clusters.get(clusterName)
  if (found === undefined && clusterName !== '') {
    const message =
      given(choice.cluster) === undefined
        ? `context "${name ?? ''}" names cluster "${clusterName}", which is not in ${from}`
        : `there is no cluster "${clusterName}" in ${from}`
    throw new KnestError('config', message)
  }
  if (given(choice.user) !== undefined && !config.users.has(userName))
    throw new KnestError('config', `there is no user "${userName}" in ${from}`)
  const cluster = clusterWith(found ?? emptyCluster, choice)
  const user = userWith(config.users.get(userName) ?? emptyUser, choice)
  refuse(`cluster "${clusterName}"${of} in ${from}`, clusterFaults(cluster))
  refuse(`user "${userName}"${of} in ${from}`, userFaults(user))
  const server = serverUrl(cluster.server)
  if (server === undefined) {
    throw new KnestError('config', `cluster "${clusterName}" has no usable server URL`, {
      hint: 'it must begin with https:// or http://',
    })
  }
  if (server.protocol === 'https:' && !canIdentify(user)) {
    const dangling = userName !== '' && !config.users.has(userName)
    const why = dangling
      ? `names user "${userName}", which is not in ${from}`
      : `has a user without credentials in ${from}`
    const who = name === undefined ? `server "${withoutCredentials(server).href}"` : `context "${name}"`
    throw new KnestError('config', `${who} ${why}`, {
      hint: 'log in, or name another context with --context; kubectl asks for a user name and password here',
    })
  }
  return {
    context: name,
    namespace: context.namespace === '' ? 'default' : context.namespace,
    server: withoutCredentials(server),
    cluster,
    user: asServerSays(server, user),
    proxy: chooseProxy(
      cluster,
      server,
      choice.direct === true || (!isOtherServer && isEmbedded(context)),
      env,
    ),
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

function inCluster(choice: ConnectionOverrides, env: Environment): ChosenKubeconfig {
  const entry = inClusterEntry(env)
  const cluster = clusterWith(entry.cluster, choice)
  const user = userWith(entry.user, choice)
  const server = serverUrl(cluster.server)
  if (server === undefined || (user.token === '' && !existsSync(user.tokenFile)))
    throw new KnestError('host-unreachable', 'the cluster knest runs in has no usable address')
  const { namespace } = entry
  return { context: undefined, namespace, server, cluster, user, proxy: proxyFromEnvironment(server, env) }
}
