import { canConnect, controlPlanePool, KnestError, labels } from '@knest/core'
import type { ClusterRef, ClusterSpec, NodeBackend, NodeSpec, NodeStatus, Problem } from '@knest/core'
import { runArguments } from './container-arguments.js'
import { readSetting } from './container-setting.js'
import { pullProxy } from './pull-proxy.js'
import type { ContainerEngine } from '../engine/engine.js'
import {
  inspectContainer,
  inspectImage,
  removeObjects,
  volumeLabels,
  type ContainerObject,
} from '../engine/objects.js'
import { machineProblems, readMachine } from '../engine/machine.js'
import { diskVolume, firstControlPlane, homeVolume, namespaceLabel } from '../engine/names.js'
import { inspectNetwork, workerAddress } from '../engine/network.js'
import { belongsTo, clusterContainers, roleOf } from './cluster-containers.js'
import { openContainer } from './handle.js'
import { awaitInit, runContainer, startOrRemove } from './start.js'

const apiPort = 6443
const kubeletPort = 10250

/** A node is a privileged container of this machine's engine; commands reach it by the engine's exec. */
export function createContainerNodeBackend(engine: ContainerEngine): NodeBackend {
  const find = async (cluster: ClusterRef, name: string, signal: AbortSignal): Promise<ContainerObject> => {
    const container = await inspectContainer(engine, name, signal)
    if (container !== undefined && belongsTo(container, cluster)) return container
    throw new KnestError('not-found', `cluster "${cluster.name}" has no node "${name}"`, {
      hint: `see: ${engine.name} ps --all`,
    })
  }

  return {
    name: 'container',
    features: { ownKernel: false, cgroupDriver: 'cgroupfs', access: 'exec' },

    preflight: (spec, signal) => preflight(engine, spec, signal),

    ensureNode: async (spec, signal) => {
      const existing = await inspectContainer(engine, spec.name, signal)
      if (existing !== undefined && !belongsTo(existing, spec.cluster)) throw foreign(engine, spec.name)
      const node = openContainer(engine, spec.name, spec.role, spec.identity)
      if (existing !== undefined && (await startOrRemove(engine, existing, signal)) === 'started') return node
      await makeContainer(engine, spec, signal)
      await awaitInit(engine, node, signal)
      return node
    },

    openNode: async (cluster, name, signal) => {
      const container = await find(cluster, name, signal)
      if (container.state === 'running') return openContainer(engine, name, roleOf(container), container.ip)
      throw new KnestError('timeout', `node "${name}" does not run: its container is ${container.state}`, {
        hint: `start it: ${engine.name} start ${name}`,
      })
    },

    listNodes: async (cluster, signal) => {
      const containers = await clusterContainers(engine, cluster, signal)
      const nodes = await Promise.all(containers.map((container) => nodeStatus(container, signal)))
      const first = firstControlPlane(cluster.name)
      if (nodes.some(({ name }) => name === first) || !(await isDiskLeft(engine, cluster, signal)))
        return nodes
      return [onlyDisk(first), ...nodes]
    },

    deleteNode: async (cluster, name, { keepData, signal }) => {
      const container = await inspectContainer(engine, name, signal)
      if (container !== undefined && !belongsTo(container, cluster)) return
      await removeObjects(engine, 'container', [name], signal)
      if (!keepData) await removeObjects(engine, 'volume', [diskVolume(name)], signal)
    },
  }
}

async function preflight(
  engine: ContainerEngine,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const [facts, image] = await Promise.all([engine.facts(signal), inspectImage(engine, spec.image, signal)])
  const problems = [...machineProblems(await readMachine(facts))]
  if (image === undefined) {
    const source = spec.image.startsWith('localhost/')
      ? 'build it with hack/build-images'
      : `${engine.name} pull ${spec.image}`
    problems.push({
      severity: 'error',
      message: `${engine.name} has no image "${spec.image}"`,
      hint: `get it (${source}), or choose another with --image`,
    })
  }
  for (const proxy of pullProxy(process.env, '').unreachable)
    problems.push({
      severity: 'warning',
      message: `the proxy ${proxy} in this machine's environment listens on its loopback, where no container reaches it: the host's node pulls images without it`,
      hint: 'where images must come through it, name it by an address of the machine',
    })
  return problems
}

async function makeContainer(engine: ContainerEngine, spec: NodeSpec, signal: AbortSignal): Promise<void> {
  const address = spec.identity ?? (await freeAddress(engine, spec.cluster, signal))
  const setting = await readSetting(engine, spec, address, signal)
  await runContainer(
    engine,
    runArguments(spec, setting),
    { name: spec.name, cluster: spec.cluster.name, address, env: setting.pullVariables },
    signal,
  )
}

async function freeAddress(
  engine: ContainerEngine,
  cluster: ClusterRef,
  signal: AbortSignal,
): Promise<string> {
  const [network, containers] = await Promise.all([
    inspectNetwork(engine, cluster.name, signal),
    clusterContainers(engine, cluster, signal),
  ])
  const subnet = network?.subnets[0]
  if (subnet === undefined)
    throw new KnestError('prerequisite', `cluster "${cluster.name}" has no network in ${engine.name}`)
  return workerAddress(
    subnet,
    containers.map(({ ip }) => ip),
  )
}

async function nodeStatus(container: ContainerObject, signal: AbortSignal): Promise<NodeStatus> {
  const { name, state, exitCode, ip } = container
  const role = roleOf(container)
  const running = state === 'running'
  const port = role === 'control-plane' ? apiPort : kubeletPort
  return {
    name,
    role,
    pool: container.labels[labels.pool] ?? 'worker',
    phase: running ? 'running' : state === 'removing' ? 'deleting' : 'pending',
    ready: running && ip !== undefined && (await canConnect(ip, port, signal)),
    ip,
    reason: running
      ? undefined
      : `container is ${state}${state === 'exited' ? ` with exit code ${exitCode}` : ''}`,
    hostObject: name,
    hostNode: undefined,
  }
}

/** The engine makes disks without labels: that of the first control plane is known by the record beside it. */
async function isDiskLeft(
  engine: ContainerEngine,
  cluster: ClusterRef,
  signal: AbortSignal,
): Promise<boolean> {
  const [disk, home] = await Promise.all([
    volumeLabels(engine, diskVolume(firstControlPlane(cluster.name)), signal),
    volumeLabels(engine, homeVolume(cluster.name), signal),
  ])
  return (
    disk !== undefined &&
    home?.[labels.cluster] === cluster.name &&
    home[namespaceLabel] === cluster.namespace
  )
}

/** Its container was removed, by a prune or by hand. */
function onlyDisk(name: string): NodeStatus {
  return {
    name,
    role: 'control-plane',
    pool: controlPlanePool,
    phase: 'pending',
    abandoned: true,
    ready: false,
    ip: undefined,
    reason: 'only its disk is there',
    hostObject: name,
    hostNode: undefined,
  }
}

function foreign(engine: ContainerEngine, name: string): KnestError {
  return new KnestError(
    'already-exists',
    `${engine.name} has a container "${name}" that is no node of this cluster`,
    {
      hint: `remove it: ${engine.name} rm --force ${name}, or choose another --name`,
    },
  )
}
