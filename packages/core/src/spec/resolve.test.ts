import { describe, expect, test } from 'vitest'
import { PreflightError } from '../errors.js'
import { resolveSpec, type ClusterInput, type ResolveContext } from './index.js'

function problemsOf(input: unknown, context: Partial<ResolveContext> = {}): string[] {
  try {
    resolveSpec(input as ClusterInput, { force: false, ...context })
    return []
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error
    expect(error.code).toBe('config')
    for (const problem of error.problems) {
      expect(problem.severity).toBe('error')
      expect(problem.hint).not.toBe('')
      expect(problem.message).not.toMatch(/\.$/)
    }
    return error.problems.map((problem) => `${problem.message}; ${problem.hint}`)
  }
}

describe('resolveSpec', () => {
  // What kubectl takes in a manifest, with quotes and without.
  test.each([
    [2, 2],
    [0.5, 0.5],
    ['500m', 0.5],
    ['0.5', 0.5],
    ['.5', 0.5],
    ['2', 2],
    ['2.', 2],
    ['2000m', 2],
    ['1e1', 10],
    ['1.0001', 1.001],
    [0.30000000000000004, 0.301],
  ])('cpuCores %j are %d', (cpuCores, expected) => {
    const [worker] = resolveSpec({ workers: [{ machine: { cpuCores } }] }).workers
    expect(worker?.machine.cpuCores).toBe(expected)
    if (!Number.isInteger(expected)) return
    const [vm] = resolveSpec({ workers: [{ backend: 'vm', machine: { cpuCores } }] }).workers
    expect(vm?.machine.cpuCores).toBe(expected)
  })

  test.each([
    ['4Gi', '4Gi'],
    [4_294_967_296, '4294967296'],
    ['4294967296', '4294967296'],
    [5e9, '5000000000'],
    ['5e9', '5e9'],
    ['5G', '5G'],
    ['0.005T', '0.005T'],
  ])('memorySize and rootfsSize %j', (size, expected) => {
    const { machine } = resolveSpec({
      controlPlane: { machine: { memorySize: size, rootfsSize: size } },
    }).controlPlane
    expect(machine).toMatchObject({ memorySize: expected, rootfsSize: expected })
  })

  test('a StorageClass may have a long name, as Kubernetes lets it', () => {
    const storageClass = 'a'.repeat(200)
    expect(resolveSpec({ persistence: { enabled: true, storageClass } }).persistence).toMatchObject({
      storageClass,
    })
  })

  test('fills in every default', () => {
    const machine = { cpuCores: 2, memorySize: '4Gi', rootfsSize: '4Gi' }
    expect(resolveSpec({}, { force: false })).toEqual({
      kubernetesVersion: '1.35.4',
      image: 'localhost/knest/node:v1.35.4',
      controlPlane: { count: 1, backend: 'pod', machine },
      workers: [{ name: 'worker', count: 1, backend: 'pod', machine, labels: {}, taints: [] }],
      network: {
        podNetworkCidr: ['10.200.0.0/16'],
        serviceCidr: ['10.201.0.0/16'],
        dnsDomain: 'cluster.local',
        cni: 'flannel',
        vxlanPort: 14789,
        mtu: 0,
      },
      endpoint: { serviceType: 'auto' },
      persistence: { enabled: false },
      hostPatches: [],
    })
  })

  test('keeps what is given', () => {
    const spec = resolveSpec(
      {
        kubernetesVersion: 'v1.34.2',
        controlPlane: { count: 3, machine: { cpuCores: 0.5 } },
        workers: [
          {
            name: 'gpu',
            count: 2,
            backend: 'vm',
            labels: { 'example.com/gpu': 'true' },
            taints: [{ key: 'gpu', effect: 'NoSchedule' }],
          },
        ],
        network: { cni: './mine.yaml', mtu: 1400 },
        persistence: { enabled: true, storageClass: 'fast' },
        hostPatches: [{ role: 'worker', patch: { spec: { replicas: 1 } } }],
      },
      { force: false, backend: 'container' },
    )
    expect(spec.kubernetesVersion).toBe('1.34.2')
    expect(spec.image).toBe('localhost/knest/node:v1.34.2')
    expect(spec.controlPlane).toEqual({
      count: 3,
      backend: 'container',
      machine: { cpuCores: 0.5, memorySize: '4Gi', rootfsSize: '4Gi' },
    })
    expect(spec.workers[0]).toMatchObject({ name: 'gpu', count: 2, backend: 'vm' })
    expect(spec.persistence).toEqual({ enabled: true, storageClass: 'fast' })
    expect(spec.hostPatches).toEqual([{ role: 'worker', patch: { spec: { replicas: 1 } } }])
  })

  test.each([
    [{ replicas: 3 }, [['worker', 3]]],
    [{ workers: [], replicas: 2 }, [['worker', 2]]],
    [
      {
        workers: [
          { name: 'a', count: 1 },
          { name: 'b', count: 5 },
        ],
        replicas: 0,
      },
      [
        ['a', 0],
        ['b', 5],
      ],
    ],
  ] as const)('replicas are those of the first pool: %j', (input, pools) => {
    const { workers } = resolveSpec(structuredClone(input) as ClusterInput, { force: false })
    expect(workers.map(({ name, count }) => [name, count])).toEqual(pools)
  })

  test.each([-1, 1.5, 1000])('%d replicas are refused', (replicas) => {
    expect(() => resolveSpec({ replicas }, { force: false })).toThrow(PreflightError)
  })

  test('an empty list of pools gives one that can grow', () => {
    expect(resolveSpec({ workers: [] }, { force: false }).workers).toMatchObject([
      { name: 'worker', count: 0 },
    ])
  })

  const pods = (...podNetworkCidr: string[]): ClusterInput => ({ network: { podNetworkCidr } })
  const services = (...serviceCidr: string[]): ClusterInput => ({ network: { serviceCidr } })
  const pool = (fields: object): object => ({ workers: [{ name: 'a', ...fields }] })

  test.each<[string, unknown, RegExp]>([
    ['no control plane', { controlPlane: { count: 0 } }, /count 0 is below 1/],
    ['a negative control plane', { controlPlane: { count: -1 } }, /count -1 is below 1/],
    ['an even control plane', { controlPlane: { count: 2 } }, /count 2 is even.*use 1 or 3, or --force/],
    ['a large control plane', { controlPlane: { count: 11 } }, /above 9/],
    ['half a control plane', { controlPlane: { count: 1.5 } }, /not a whole number/],
    [
      'a count that is no number',
      { controlPlane: { count: Number.NaN } },
      /"spec.controlPlane.count" is NaN/,
    ],
    ['negative workers', { workers: [{ count: -1 }] }, /worker count -1 is below 0/],
    ['absurd workers', { workers: [{ count: 5000 }] }, /worker count 5000 is above 200/],
    [
      'absurd workers in pools',
      {
        workers: [
          { name: 'a', count: 150 },
          { name: 'b', count: 150 },
        ],
      },
      /300 is above 200/,
    ],
    ['half a worker', { workers: [{ count: 0.5 }] }, /not a whole number/],
    [
      'an old Kubernetes',
      { kubernetesVersion: '1.33.1' },
      /not supported; use one of 1.34, 1.35, 1.36, 1.37/,
    ],
    ['a future Kubernetes', { kubernetesVersion: 'v2.0.0' }, /not supported/],
    ['half a version', { kubernetesVersion: '1.35' }, /"1.35" is not a full version; .*1.35.4/],
    ['a word as version', { kubernetesVersion: 'latest' }, /not a full version/],
    ['an image with a scheme', { image: 'docker://a/b' }, /has a scheme/],
    ['an image in upper case', { image: 'localhost/Knest/Node' }, /not an image reference/],
    ['no image', { image: '' }, /is empty/],
    ['octal pods', pods('010.0.0.0/8'), /pod network CIDR "010.0.0.0\/8" has "010".*octal/],
    ['pods with host bits', pods('10.1.2.3/8'), /host bits set.*use "10.0.0.0\/8"/],
    ['pods without prefix', pods('10.200.0.0'), /no prefix length.*"10.200.0.0\/16"/],
    ['IPv6 pods', pods('fd00::/48'), /IPv6 range, which is not supported yet/],
    [
      'dual stack',
      pods('10.200.0.0/16', 'fd00::/48'),
      /CIDR "10.200.0.0\/16,fd00::\/48" has two ranges; IPv6 and dual-stack networks are not supported yet/,
    ],
    ['two ranges of services', services('10.201.0.0/16', '10.202.0.0/16'), /service CIDR .* has two ranges/],
    ['three ranges', pods('10.200.0.0/16', '10.202.0.0/16', 'fd00::/48'), /has more than two ranges/],
    ['no range', pods(), /pod network CIDR has no range; give one IPv4 range/],
    ['few pods', pods('10.200.0.0/24'), /too small.*use a range of \/22 or larger/],
    [
      'fewer pods than nodes',
      { workers: [{ count: 6 }], ...pods('10.200.0.0/22') },
      /room for 4 nodes .*7 and a spare.*\/21/,
    ],
    ['too many pods', pods('16.0.0.0/5'), /larger than Kubernetes can divide/],
    ['pods at zero', pods('0.0.0.0/8'), /overlaps 0.0.0.0\/8, which is "this network"/],
    ['loopback pods', pods('127.0.0.0/16'), /is loopback/],
    ['multicast pods', pods('224.0.0.0/16'), /is multicast/],
    ['few services', services('10.201.0.0/29'), /too small: kube-apiserver takes \/12 to \/28/],
    ['too many services', services('172.0.0.0/10'), /too large/],
    ['services inside pods', services('10.200.128.0/20'), /overlap/],
    ['a DNS domain in upper case', { network: { dnsDomain: 'Cluster.Local' } }, /DNS domain "Cluster.Local"/],
    ['an unknown CNI', { network: { cni: 'flanel' } }, /CNI "flanel" is not known.*did you mean "flannel"/],
    [
      'cilium without a chart',
      { network: { cni: 'cilium' } },
      /needs a manifest.*helm template .*--kube-version 1\.35\.4/,
    ],
    ['a CNI over ftp', { network: { cni: 'ftp://example.com/a.yaml' } }, /is not known/],
    ['a large port', { network: { vxlanPort: 70000 } }, /VXLAN port 70000/],
    ['a small MTU', { network: { mtu: 575 } }, /MTU 575 is not usable; use 576/],
    [
      'an unknown service type',
      { endpoint: { serviceType: 'Nodeport' } },
      /"spec.endpoint.serviceType" is "Nodeport".*did you mean "NodePort"/,
    ],
    [
      'an unknown backend',
      { controlPlane: { backend: 'pods' } },
      /use "pod", "vm" or "container"; did you mean "pod"/,
    ],
    [
      'cores in words',
      { controlPlane: { machine: { cpuCores: 'two' } } },
      /CPU cores of control-plane "two" is not a Kubernetes quantity; write it as in 2, 0.5 or 500m/,
    ],
    [
      'too little of a core',
      pool({ machine: { cpuCores: '99m' } }),
      /CPU cores of worker pool "a" are 0.099/,
    ],
    [
      'cores as a group',
      pool({ machine: { cpuCores: { value: 2 } } }),
      /cpuCores" is a group of fields; give text .* or a number/,
    ],
    ['memory as a truth value', pool({ machine: { memorySize: true } }), /memorySize" is true; give text/],
    [
      'part of a core for a VM',
      pool({ backend: 'vm', machine: { cpuCores: '1500m' } }),
      /a VM has whole cores/,
    ],
    ['a version with a build', { kubernetesVersion: 'v1.35.4+x' }, /names a build.*; leave "\+x" out/],
    ['a version with two vs', { kubernetesVersion: 'vv1.35.4' }, /is not a full version/],
    ['a version with a leading zero', { kubernetesVersion: '1.35.04' }, /is not a full version/],
    ['a share above all', { health: { maxUnhealthy: '101%' } }, /"101%" is not a share/],
    ['a share without percent', { health: { maxUnhealthy: '40' } }, /"40" is not a share/],
    ['a duration below nothing', { health: { unhealthyAfter: '-5m' } }, /"-5m" is shorter than/],
    [
      'a DNS domain that no server answers for',
      { network: { dnsDomain: `${'a'.repeat(64)}.b` } },
      /has a part of 64/,
    ],
    ['no cores', { controlPlane: { machine: { cpuCores: 0 } } }, /CPU cores of control-plane are 0/],
    [
      'half a core for a VM',
      pool({ backend: 'vm', machine: { cpuCores: 1.5 } }),
      /a VM has whole cores; use 2/,
    ],
    [
      'little memory',
      pool({ machine: { memorySize: '128Mi' } }),
      /memory size of worker pool "a" "128Mi" is too small; use 512Mi/,
    ],
    [
      'a control plane with little memory',
      { controlPlane: { machine: { memorySize: '600Mi' } } },
      /is too small; use 768Mi/,
    ],
    ['thousandths of a byte', pool({ machine: { memorySize: '4096m' } }), /did you mean "4096Mi"/],
    [
      'a slip in the unit',
      pool({ machine: { memorySize: '4GB' } }),
      /"4GB" is not a Kubernetes quantity; write "4Gi"/,
    ],
    ['absurd memory', pool({ machine: { memorySize: '4Pi' } }), /too large/],
    [
      'a small disk',
      pool({ machine: { rootfsSize: '1' } }),
      /rootfs size of worker pool "a" "1" is too small/,
    ],
    ['a pool named like the control plane', { workers: [{ name: 'cp' }] }, /"cp" has the name/],
    ['a pool in upper case', { workers: [{ name: 'GPU' }] }, /has upper-case letters/],
    ['a long pool name', { workers: [{ name: 'a'.repeat(21) }] }, /21 characters long, 20 are allowed/],
    ['a pool twice', { workers: [{ name: 'a' }, { name: 'a' }] }, /"a" is there twice/],
    ['a bad label', pool({ labels: { 'a b': 'c' } }), /label "a b" of worker pool "a"/],
    ['a bad label value', pool({ labels: { a: '-c' } }), /value "-c" of label "a"/],
    ['a label kubelet refuses', pool({ labels: { 'node-role.kubernetes.io/gpu': '' } }), /is reserved/],
    [
      'a taint without effect',
      pool({ taints: [{ key: 'a' }] }),
      /"spec.workers\[0\].taints\[0\].effect" is .*use "NoSchedule"/,
    ],
    [
      'a taint twice',
      pool({
        taints: [
          { key: 'a', effect: 'NoExecute' },
          { key: 'a', effect: 'NoExecute' },
        ],
      }),
      /twice/,
    ],
    [
      'a StorageClass without disks',
      { persistence: { storageClass: 'fast' } },
      /not persistent; add --persistent/,
    ],
    [
      'an unknown field',
      { controlPlane: { cuont: 3 } },
      /"spec.controlPlane.cuont" is not a known field; did you mean "count"/,
    ],
    ['text for a number', { workers: [{ count: '3' }] }, /"spec.workers\[0\].count" is "3"; give a number/],
  ])('refuses %s', (_, input, expected) => {
    const problems = problemsOf(input)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(expected)
  })

  test('says everything at once', () => {
    const problems = problemsOf({
      controlPlane: { count: 2, backend: 'nope' },
      workers: [{ count: -3, machine: { memorySize: '1x' } }],
      network: { podNetworkCidr: ['10/8'], serviceCidr: ['10.0.0.0/33'] },
      extra: true,
    })
    expect(problems).toHaveLength(7)
  })

  test.each([
    ['an even control plane', { controlPlane: { count: 4 } }],
    [
      'the largest pod range',
      { network: { podNetworkCidr: ['10.0.0.0/8'], serviceCidr: ['172.16.0.0/12'] } },
    ],
    [
      'the smallest ranges',
      { network: { podNetworkCidr: ['10.200.0.0/22'], serviceCidr: ['10.201.0.0/28'] } },
    ],
    ['a node label of its own', { workers: [{ labels: { 'node.kubernetes.io/disk': 'ssd', a: '' } }] }],
    ['a CNI by URL', { network: { cni: 'https://example.com/cni.yaml' } }],
    ['a CNI with its own manifest', { network: { cni: 'cilium=cilium.yaml' } }],
    ['a pre-release', { kubernetesVersion: '1.36.0-rc.1' }],
    ['an image by digest', { image: `localhost:5000/a/b:v1@sha256:${'a'.repeat(64)}` }],
  ])('accepts %s', (_, input) => {
    expect(problemsOf(input, { force: true })).toEqual([])
  })

  test('checks the length of node names when it knows the cluster', () => {
    const input = { workers: [{ name: 'a'.repeat(20) }] }
    expect(problemsOf(input, { clusterName: 'b'.repeat(27) })).toEqual([])
    expect(problemsOf(input, { clusterName: 'b'.repeat(28) })[0]).toMatch(/53 characters, 52 are allowed/)
  })
})
