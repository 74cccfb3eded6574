import { describe, expect, it } from 'vitest'
import type { NodeSpec } from '@knest/core'
import { runArguments, type ContainerSetting } from './container-arguments.js'

const spec: NodeSpec = {
  cluster: { name: 'knest-host', namespace: 'embedded' },
  clusterUid: 'u',
  name: 'knest-host-cp-0',
  role: 'control-plane',
  pool: 'cp',
  image: 'localhost/knest/node:v1.35.4',
  machine: { cpuCores: 2, memorySize: '4Gi', rootfsSize: '4Gi' },
  identity: '10.199.0.10',
  reservation: undefined,
  persistent: true,
  storageClass: undefined,
  hostPatches: [],
  hosts: [{ ip: '10.199.0.10', name: 'knest-host-api.embedded.svc' }],
}

const setting: ContainerSetting = {
  engine: 'podman',
  address: '10.199.0.10',
  options: { runtime: '/usr/sbin/runc', ulimits: ['nofile=20000', 'nproc=32768'] },
  hasModules: true,
  imageLayer: '/storage/layer/diff',
  resolvConf: undefined,
  machine: { cpuCores: 2, memoryBytes: 4 * 2 ** 30 },
  pullVariables: {},
}

describe('the run line of a node', () => {
  it('of podman is this one', () => {
    expect(runArguments(spec, setting).join(' ')).toBe(
      [
        '--runtime /usr/sbin/runc run --pull=never --ulimit nofile=20000 --ulimit nproc=32768',
        '--detach --name knest-host-cp-0 --hostname knest-host-cp-0',
        '--privileged --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt label=disable',
        '--tmpfs /run --tmpfs /tmp --volume knest-host-cp-0-disk:/knest/disk --volume knest-host-home:/knest/home',
        '--mount type=bind,source=/lib/modules,target=/lib/modules,readonly',
        '--mount type=bind,source=/storage/layer/diff,target=/knest/node-image,readonly',
        '--network knest-host --ip 10.199.0.10 --add-host knest-host-api.embedded.svc:10.199.0.10 --restart always',
        '--pids-limit -1',
        '--label knest.dev/cluster=knest-host --label knest.dev/namespace=embedded',
        '--label app.kubernetes.io/managed-by=knest --label knest.dev/node=knest-host-cp-0',
        '--label knest.dev/role=control-plane --label knest.dev/pool=cp --http-proxy=false',
        '--env KNEST_NODE_NAME=knest-host-cp-0 --env KNEST_IDENTITY=10.199.0.10 --env KNEST_LOAD_BALANCER_ADDRESSES=10.199.0.128/25 localhost/knest/node:v1.35.4',
      ].join(' '),
    )
  })

  it('of docker comes back after a crash of its daemon, too, and has a resolver that pods reach', () => {
    const options = { runtime: undefined, ulimits: [] }
    const line = runArguments(spec, {
      ...setting,
      engine: 'docker',
      options,
      resolvConf: '/etc/resolv.conf',
    }).join(' ')
    expect(line).toMatch(/^run --pull=never --detach/)
    expect(line).toContain('--restart always')
    // Its configuration may have proxies for all containers.
    for (const name of ['HTTP_PROXY', 'https_proxy', 'NO_PROXY', 'all_proxy'])
      expect(line).toContain(`--env ${name}= `)
    expect(line).toContain('--mount type=bind,source=/etc/resolv.conf,target=/etc/resolv.conf,readonly')
  })

  it('limits a node that is smaller than the machine', () => {
    const machine = { cpuCores: 8, memoryBytes: 64 * 2 ** 30 }
    expect(runArguments(spec, { ...setting, machine }).join(' ')).toContain(
      `--cpus 2 --memory ${4 * 2 ** 30}`,
    )
  })

  it('gives whole bytes, since engines take no others', () => {
    const machine = { cpuCores: 8, memoryBytes: 64 * 2 ** 30 }
    const odd = { ...spec, machine: { ...spec.machine, memorySize: '4.3Gi' } }
    expect(runArguments(odd, { ...setting, machine })).toContain('4617089844')
  })

  it('of a worker has neither identity nor record', () => {
    const line = runArguments({ ...spec, role: 'worker', identity: undefined }, setting).join(' ')
    expect(line).not.toContain('KNEST_IDENTITY')
    expect(line).not.toContain('knest-host-home')
  })
})
