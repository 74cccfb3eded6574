import { readFile } from 'node:fs/promises'
import type { NodeSpec } from '@knest/core'
import type { ContainerSetting } from './container-arguments.js'
import type { ContainerEngine } from '../engine/engine.js'
import { inspectImage } from '../engine/objects.js'
import { canAccess, exists, machineSize } from '../engine/machine.js'
import { isReachable, parseResolvConf, resolvConfs } from '../engine/resolvers.js'
import { readRuntimeOptions } from '../engine/runtime-options.js'
import { pullProxy } from './pull-proxy.js'

/** Looks at machine, engine and image. */
export async function readSetting(
  engine: ContainerEngine,
  spec: NodeSpec,
  address: string,
  signal: AbortSignal,
): Promise<ContainerSetting> {
  const [options, image, hasModules] = await Promise.all([
    readRuntimeOptions(engine, signal),
    inspectImage(engine, spec.image, signal),
    canAccess('/lib/modules'),
  ])
  const layer = image?.layer
  return {
    engine: engine.name,
    address,
    options,
    hasModules,
    imageLayer: layer !== undefined && (await exists(layer)) ? layer : undefined,
    resolvConf: engine.name === 'docker' ? await chooseResolvConf() : undefined,
    machine: machineSize(),
    pullVariables: pullProxy(process.env, address).variables,
  }
}

/**
 * docker puts a resolver on 127.0.0.11 into containers of its networks, which pods inside them cannot
 * reach: the machine's own resolvers do. One on the machine's loopback is no better.
 */
async function chooseResolvConf(): Promise<string | undefined> {
  for (const path of resolvConfs) {
    const { servers } = parseResolvConf(await readFile(path, 'utf8').catch(() => ''))
    if (servers.some(isReachable)) return path
  }
  return undefined
}
