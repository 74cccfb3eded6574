import { ownedBy, yamlText } from '@knest/core'
import type { KubeObject, NodeSpec } from '@knest/core'
import { vmLabels } from './manifest.js'
import { userdataSecret } from './names.js'
import type { NodeKeys } from './ssh-keys.js'

/** What cloud-init of the VM is told. The contract with the image is in images/vm/README.md. */
function userData(spec: NodeSpec, keys: NodeKeys): string {
  const environment = [
    `KNEST_NODE_NAME=${spec.name}`,
    ...(spec.identity === undefined ? [] : [`KNEST_IDENTITY=${spec.identity}`]),
  ]
  const config = {
    hostname: spec.name,
    manage_etc_hosts: false,
    disable_root: false,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: keys.host.private, ed25519_public: keys.host.public },
    ssh_authorized_keys: [keys.client.public],
    write_files: [
      file('/etc/knest/node.env', environment),
      file(
        '/etc/knest/hosts',
        spec.hosts.map(({ ip, name }) => `${ip} ${name}`),
      ),
    ],
  }
  return `#cloud-config\n${yamlText(config)}`
}

function file(path: string, lines: readonly string[]): Record<string, string> {
  return { path, permissions: '0644', content: lines.map((line) => `${line}\n`).join('') }
}

/** Must be there before its VM: one without its Secret starts for ever and says nothing. */
export function userDataSecret(spec: NodeSpec, keys: NodeKeys): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: userdataSecret(spec.name),
      namespace: spec.cluster.namespace,
      labels: vmLabels(spec),
      ownerReferences: [ownedBy(spec.cluster.name, spec.clusterUid)],
    },
    type: 'Opaque',
    data: { userdata: Buffer.from(userData(spec, keys)).toString('base64') },
  }
}
