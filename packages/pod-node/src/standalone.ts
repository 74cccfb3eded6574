import { KnestError } from '@knest/core'
import type { KubeObject, NodeSetUp, NodeSpec } from '@knest/core'
import { containerName, nodeStatefulSet } from './manifest.js'

interface Container {
  readonly name: string
  readonly env?: readonly object[]
  readonly volumeMounts?: readonly object[]
}

interface PodSpec {
  readonly containers?: readonly Container[]
  readonly volumes?: readonly object[]
}

/**
 * The same StatefulSet for a node that sets itself up. What it is set up by comes behind the user's patches.
 * A changed template never takes a running node away: its disk may go with the pod.
 */
export function standaloneStatefulSet(spec: NodeSpec, setUp: NodeSetUp): KubeObject {
  const object = nodeStatefulSet(spec)
  const { template, ...rest } = object.spec as { readonly template: { readonly spec: PodSpec } }
  const { containers = [], volumes = [] } = template.spec
  if (!containers.some(({ name }) => name === containerName)) {
    throw new KnestError(
      'config',
      `the patches of node "${spec.name}" leave no container "${containerName}"`,
      {
        hint: `a patch replaces lists as a whole: give containers with "${containerName}" among them`,
      },
    )
  }
  const podSpec = {
    ...template.spec,
    // By these variables a container learns the addresses that the host gave to the Services.
    enableServiceLinks: true,
    containers: containers.map((one) => (one.name === containerName ? withSetUp(one, setUp) : one)),
    volumes: [...volumes, ...setUp.volumes.map(({ name, source }) => ({ name, ...source }))],
  }
  return { ...object, spec: { ...rest, template: { ...template, spec: podSpec } } }
}

function withSetUp(container: Container, { command, env, volumes }: NodeSetUp): object {
  return {
    ...container,
    command,
    env: [...(container.env ?? []), ...env],
    volumeMounts: [
      ...(container.volumeMounts ?? []),
      ...volumes.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
    ],
  }
}
