import { knestCommand, kubectlCommand } from '../commands.js'
import type { KubeConfig } from '@kubernetes/client-node'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { KubeconfigChoice } from '../contracts/kube-connection.js'
import { KnestError } from '../errors.js'

export interface ChosenKubeconfig {
  readonly config: KubeConfig
  /** Undefined when running in the cluster. */
  readonly context: string | undefined
  /** The context's namespace, `default` when it has none. */
  readonly namespace: string
  readonly server: URL
  readonly viaProxy: boolean
}

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** Finds the kubeconfig as kubectl does: explicit, `$KUBECONFIG`, `~/.kube/config`, in-cluster. */
export async function loadKubeconfig(
  choice: KubeconfigChoice,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ChosenKubeconfig> {
  // Loaded late: it takes hundreds of milliseconds, and `--help` needs no cluster.
  const { KubeConfig } = await import('./kube-config.js')
  const config = new KubeConfig()
  if (choice.kubeconfigText !== undefined) {
    mergeInto(config, parseOne(new KubeConfig(), choice.kubeconfigText, 'the given kubeconfig'))
    return chooseContext(config, choice.context, 'the given kubeconfig')
  }
  const files = kubeconfigFiles(choice.kubeconfig, env)
  for (const file of files) {
    const one = parseOne(new KubeConfig(), readKubeconfig(file), `kubeconfig "${file}"`)
    one.makePathsAbsolute(path.dirname(file))
    mergeInto(config, one)
  }
  // As kubectl does: a kubeconfig that chooses nothing leaves the choice to the pod it is in.
  const chooses = choice.kubeconfig !== undefined || Boolean(choice.context ?? config.currentContext)
  if (files.length > 0 && (chooses || !isInCluster(env)))
    return chooseContext(config, choice.context, `kubeconfig "${files.join(path.delimiter)}"`)
  return inCluster(config, choice, env)
}

function kubeconfigFiles(
  explicit: string | readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (explicit !== undefined) return typeof explicit === 'string' ? [explicit] : explicit
  const listed = env.KUBECONFIG?.split(path.delimiter).filter((file) => file !== '') ?? []
  // kubectl skips the files of the list that are not there; so does knest, unless none is there.
  if (listed.length > 0) {
    const present = listed.filter((file) => existsSync(file))
    return present.length > 0 ? present : listed
  }
  const usual = path.join(env.HOME ?? homedir(), '.kube', 'config')
  return existsSync(usual) ? [usual] : []
}

function readKubeconfig(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new KnestError('config', `kubeconfig "${file}" ${missing ? 'does not exist' : 'cannot be read'}`, {
      hint: 'give another file with --kubeconfig or $KUBECONFIG',
      cause: error,
    })
  }
}

function parseOne(config: KubeConfig, text: string, from: string): KubeConfig {
  try {
    // An empty file is an empty kubeconfig for kubectl, too.
    if (text.trim() !== '') config.loadFromString(text)
    return config
  } catch (error) {
    // The parser's own words may quote lines of the file, which holds secrets.
    const at =
      error instanceof Error
        ? /^(clusters|users|contexts)\[\d+\][\w.-]* is missing$/.exec(error.message)
        : null
    throw new KnestError('config', `${from} is not a valid kubeconfig${at === null ? '' : `: ${at[0]}`}`, {
      hint: `check it with: ${kubectlCommand('config', 'view')}`,
    })
  }
}

/** The first file to name something wins, as in kubectl. */
function mergeInto(config: KubeConfig, more: KubeConfig): void {
  const added = <T extends { readonly name: string }>(have: readonly T[], others: readonly T[]): T[] => [
    ...have,
    ...others.filter((other) => !have.some(({ name }) => name === other.name)),
  ]
  config.clusters = added(config.clusters, more.clusters)
  config.users = added(config.users, more.users)
  config.contexts = added(config.contexts, more.contexts)
  if (!config.currentContext) config.currentContext = more.currentContext
}

function chooseContext(config: KubeConfig, wanted: string | undefined, from: string): ChosenKubeconfig {
  // Undefined where the kubeconfig has none, whatever the type says.
  const name = (wanted ?? config.currentContext) || ''
  const names = config.contexts.map((context) => `"${context.name}"`).join(', ')
  const hint = names === '' ? `there are no contexts in ${from}` : `the contexts there are: ${names}`
  if (name === '') throw new KnestError('config', `${from} has no current context`, { hint })
  const context = config.getContextObject(name)
  if (context === null) throw new KnestError('config', `there is no context "${name}" in ${from}`, { hint })
  config.setCurrentContext(name)
  const missing = (what: string, which: string) =>
    new KnestError('config', `context "${name}" names ${what} "${which}", which is not in ${from}`)
  if (config.getCluster(context.cluster) === null) throw missing('cluster', context.cluster)
  if (context.user && config.getUser(context.user) === null) throw missing('user', context.user)
  return chosen(config, name, context.namespace)
}

function chosen(
  config: KubeConfig,
  context: string | undefined,
  namespace: string | undefined,
): ChosenKubeconfig {
  const cluster = config.getCurrentCluster()
  const url = cluster?.server ?? ''
  if (cluster === null || !URL.canParse(url) || !/^https?:/.test(url)) {
    throw new KnestError('config', `cluster "${cluster?.name ?? ''}" has no usable server URL`, {
      hint: 'it must begin with https:// or http://',
    })
  }
  const server = new URL(url)
  // client-node refuses plain HTTP (kubectl proxy) unless told not to verify; there is nothing to verify.
  if (server.protocol === 'http:') Object.assign(cluster, { skipTLSVerify: true })
  return {
    config,
    context,
    namespace: namespace ?? 'default',
    server,
    viaProxy: (cluster.proxyUrl ?? '') !== '',
  }
}

function isInCluster(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env.KUBERNETES_SERVICE_HOST ?? '') !== '' && existsSync(serviceAccountToken)
}

function inCluster(
  config: KubeConfig,
  choice: KubeconfigChoice,
  env: Readonly<Record<string, string | undefined>>,
): ChosenKubeconfig {
  if (!isInCluster(env) || choice.context !== undefined) {
    const wanted = choice.context === undefined ? '' : ` for context "${choice.context}"`
    throw new KnestError('host-unreachable', `no kubeconfig was found${wanted}`, {
      hint: `give one with --kubeconfig or $KUBECONFIG, or make a host on this machine: ${knestCommand('host', 'up')}`,
    })
  }
  config.loadFromCluster()
  return chosen(config, undefined, config.getContextObject(config.currentContext)?.namespace)
}
