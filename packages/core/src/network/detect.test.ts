import { describe, expect, test } from 'vitest'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError, type ErrorCode } from '../errors.js'
import { detectHostNetwork, type HostNetwork } from './index.js'

const never = new AbortController().signal

/** Answers from a list of objects; kinds that are not there answer 404, as an API without them does. */
function hostWith(
  objects: readonly KubeObject[],
  fail: (kind: KindRef) => ErrorCode | undefined = () => undefined,
): KubeApi {
  const check = (kind: KindRef): void => {
    const code = fail(kind)
    if (code !== undefined) throw new KnestError(code, `no ${kind.kind}`)
  }
  const matches = (object: KubeObject, kind: KindRef): boolean =>
    object.kind === kind.kind && object.apiVersion === kind.apiVersion
  const api: Pick<KubeApi, 'get' | 'list'> = {
    get: (kind, name, namespace) => {
      check(kind)
      return Promise.resolve(
        objects.find(
          (object) =>
            matches(object, kind) && object.metadata.name === name && object.metadata.namespace === namespace,
        ),
      )
    },
    list: (kind, options) => {
      check(kind)
      const found = objects.filter((object) => matches(object, kind))
      if (found.length === 0 && kind.apiVersion.includes('.'))
        throw new KnestError('not-found', 'no such kind')
      return Promise.resolve(
        found.filter(
          ({ metadata }) => options.namespace === undefined || metadata.namespace === options.namespace,
        ),
      )
    },
  }
  return api as KubeApi
}

function object(apiVersion: string, kind: string, path: string, fields: object = {}): KubeObject {
  const [name = '', namespace] = path.split('/').reverse()
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    ...fields,
  }
}

const configMap = (path: string, data: object): KubeObject => object('v1', 'ConfigMap', path, { data })
const node = (
  name: string,
  fields: { ip?: string; podCIDRs?: string[]; annotations?: Record<string, string> },
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, annotations: fields.annotations ?? {} },
  spec: { podCIDRs: fields.podCIDRs ?? [] },
  status: {
    addresses: [
      { type: 'InternalIP', address: fields.ip ?? '172.18.0.2' },
      { type: 'Hostname', address: name },
    ],
  },
})
const pod = (path: string, podIP: string, fields: object = {}): KubeObject =>
  object('v1', 'Pod', path, { spec: { ...fields }, status: { podIP } })
const calicoNode = (path: string, env: readonly object[]): KubeObject =>
  object('apps/v1', 'DaemonSet', path, {
    spec: { template: { spec: { containers: [{ name: 'other' }, { name: 'calico-node', env }] } } },
  })
const flannelConfig = configMap('kube-flannel/kube-flannel-cfg', {
  'net-conf.json': '{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan","Port":14789,"MTU":1500}}',
})
const serviceCidr = object('networking.k8s.io/v1', 'ServiceCIDR', 'kubernetes', {
  spec: { cidrs: ['10.96.0.0/16', 'fd00::/112'] },
})

const cidrsOf = (found: HostNetwork): string[] => found.occupied.map((range) => range.cidr)

describe('detectHostNetwork', () => {
  test('flannel by its ConfigMap', async () => {
    const host = hostWith([
      flannelConfig,
      serviceCidr,
      node('a', { podCIDRs: ['10.244.0.0/24', 'fd01::/64'] }),
    ])
    const found = await detectHostNetwork(host, never)
    expect(found).toMatchObject({
      cni: 'flannel',
      tunnelPorts: [14789],
      podMtu: 1450,
      podMtuKnownBy: 'the configuration of flannel',
      problems: [],
    })
    expect(found.occupied).toEqual([
      { cidr: '10.244.0.0/16', usedBy: 'pod CIDR of the host (ConfigMap kube-flannel/kube-flannel-cfg)' },
      { cidr: '10.244.0.0/24', usedBy: 'pod CIDR of host node "a"' },
      { cidr: '10.96.0.0/16', usedBy: 'Service CIDR of the host (ServiceCIDR "kubernetes")' },
      { cidr: '172.18.0.2/32', usedBy: 'address of host node "a"' },
    ])
  })

  test.each<[string, KubeObject[], Partial<HostNetwork>, string[]]>([
    [
      'k3s, whose flannel has no ConfigMap',
      [
        node('a', {
          podCIDRs: ['10.42.0.0/24'],
          annotations: { 'flannel.alpha.coreos.com/backend-type': 'vxlan' },
        }),
      ],
      { cni: 'flannel', tunnelPorts: [8472], podMtu: 1450 },
      ['10.42.0.0/24'],
    ],
    [
      'flannel without a tunnel',
      [
        configMap('kube-system/kube-flannel-cfg', {
          'net-conf.json': '{"Network":"10.244.0.0/16","Backend":{"Type":"host-gw"}}',
        }),
      ],
      { cni: 'flannel', tunnelPorts: [], podMtu: 1500, podMtuKnownBy: '1500 less 0 for flannel' },
      ['10.244.0.0/16'],
    ],
    [
      'Calico with VXLAN and its own port',
      [
        object('crd.projectcalico.org/v1', 'IPPool', 'one', {
          spec: { cidr: '192.168.0.0/16', vxlanMode: 'CrossSubnet' },
        }),
        object('crd.projectcalico.org/v1', 'IPPool', 'six', { spec: { cidr: 'fd00::/48' } }),
        object('crd.projectcalico.org/v1', 'FelixConfiguration', 'default', { spec: { vxlanPort: 4790 } }),
      ],
      { cni: 'Calico', tunnelPorts: [4790], podMtu: 1450 },
      ['192.168.0.0/16'],
    ],
    [
      'Calico with its port in the environment of its DaemonSet, which counts before its configuration',
      [
        object('crd.projectcalico.org/v1', 'IPPool', 'one', {
          spec: { cidr: '192.168.0.0/16', vxlanMode: 'Always' },
        }),
        object('crd.projectcalico.org/v1', 'FelixConfiguration', 'default', { spec: { vxlanPort: 4790 } }),
        calicoNode('kube-system/calico-node', [{ name: 'FELIX_VXLANPORT', value: '14789' }]),
      ],
      { cni: 'Calico', tunnelPorts: [14789], podMtu: 1450 },
      ['192.168.0.0/16'],
    ],
    [
      'Calico with its port in a ConfigMap that its DaemonSet refers to, in another namespace',
      [
        object('crd.projectcalico.org/v1', 'IPPool', 'one', {
          spec: { cidr: '192.168.0.0/16', vxlanMode: 'Always' },
        }),
        configMap('calico-system/ports', { vxlan: '14790' }),
        calicoNode('calico-system/other', [
          { name: 'FELIX_VXLANPORT', valueFrom: { configMapKeyRef: { name: 'ports', key: 'vxlan' } } },
          { name: 'FELIX_WIREGUARDENABLED', value: 'true' },
        ]),
      ],
      { cni: 'Calico', tunnelPorts: [14790], podMtu: 1440 },
      ['192.168.0.0/16'],
    ],
    [
      'Calico with a port of one node',
      [
        object('crd.projectcalico.org/v1', 'IPPool', 'one', { spec: { cidr: '192.168.0.0/16' } }),
        object('crd.projectcalico.org/v1', 'FelixConfiguration', 'node.a', { spec: { vxlanPort: 4791 } }),
        calicoNode('kube-system/calico-node', [{ name: 'FELIX_VXLANPORT', value: '' }]),
      ],
      { cni: 'Calico', tunnelPorts: [4789, 4791] },
      ['192.168.0.0/16'],
    ],
    [
      'Calico with IPIP and a configured MTU',
      [
        object('crd.projectcalico.org/v1', 'IPPool', 'one', {
          spec: { cidr: '192.168.0.0/16', ipipMode: 'Always' },
        }),
        configMap('kube-system/calico-config', { veth_mtu: '8981' }),
      ],
      { cni: 'Calico', tunnelPorts: [4789], podMtu: 8981, podMtuKnownBy: 'the configuration of Calico' },
      ['192.168.0.0/16'],
    ],
    [
      'canal',
      [
        object('crd.projectcalico.org/v1', 'IPPool', 'one', { spec: { cidr: '192.168.0.0/16' } }),
        configMap('kube-system/canal-config', {
          'net-conf.json': '{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}',
        }),
      ],
      { cni: 'canal (Calico policy on flannel)', tunnelPorts: [4789, 8472], podMtu: 1450 },
      ['10.244.0.0/16', '192.168.0.0/16'],
    ],
    [
      'Cilium with a tunnel',
      [
        configMap('kube-system/cilium-config', {
          'cluster-pool-ipv4-cidr': '10.0.0.0/9 10.128.0.0/10',
          'routing-mode': 'tunnel',
          'tunnel-protocol': 'geneve',
          mtu: '0',
        }),
        object('cilium.io/v2', 'CiliumNode', 'a', { spec: { ipam: { podCIDRs: ['10.0.1.0/24'] } } }),
      ],
      { cni: 'Cilium', tunnelPorts: [6081], podMtu: 1450 },
      ['10.0.0.0/9', '10.128.0.0/10', '10.0.1.0/24'],
    ],
    [
      'Cilium with native routing',
      [
        configMap('kube-system/cilium-config', {
          'routing-mode': 'native',
          'cluster-pool-ipv4-cidr': '10.0.0.0/9',
        }),
      ],
      { cni: 'Cilium', tunnelPorts: [], podMtu: 1500 },
      ['10.0.0.0/9'],
    ],
    [
      'Kube-OVN',
      [
        object('kubeovn.io/v1', 'Subnet', 'join', { spec: { cidrBlock: '100.64.0.0/16' } }),
        object('kubeovn.io/v1', 'Subnet', 'ovn-default', {
          spec: { cidrBlock: '10.16.0.0/16,fd00:10:16::/112' },
        }),
      ],
      { cni: 'Kube-OVN', tunnelPorts: [6081], podMtu: 1400 },
      ['100.64.0.0/16', '10.16.0.0/16'],
    ],
    [
      'kindnet',
      [object('apps/v1', 'DaemonSet', 'kube-system/kindnet'), node('a', { podCIDRs: ['10.244.0.0/24'] })],
      { cni: 'kindnet', tunnelPorts: [], podMtu: 1500 },
      ['10.244.0.0/24'],
    ],
  ])('%s', async (_, objects, facts, cidrs) => {
    const found = await detectHostNetwork(hostWith([...objects, serviceCidr]), never)
    expect(found).toMatchObject({ ...facts, problems: [] })
    expect(cidrsOf(found)).toEqual(expect.arrayContaining(cidrs))
  })

  test('kubeadm and the flags of static pods', async () => {
    const component = (name: string, flag: string): KubeObject => ({
      ...pod(`kube-system/${name}-a`, '172.18.0.2', {
        hostNetwork: true,
        containers: [{ command: [name, ...flag.split(' ')] }],
      }),
      metadata: { name: `${name}-a`, namespace: 'kube-system', labels: { component: name } },
    })
    const host = hostWith([
      configMap('kube-system/kubeadm-config', {
        ClusterConfiguration:
          'networking:\n  podSubnet: 10.244.0.0/16,fd00::/48\n  serviceSubnet: 10.96.0.0/12\n',
      }),
      component('kube-controller-manager', '--cluster-cidr=10.245.0.0/16'),
      component('kube-apiserver', '--service-cluster-ip-range 10.97.0.0/16,fd00::/112'),
    ])
    const found = await detectHostNetwork(host, never)
    expect(cidrsOf(found)).toEqual(['10.244.0.0/16', '10.245.0.0/16', '10.96.0.0/12', '10.97.0.0/16'])
    expect(found.problems).toEqual([])
  })

  test('address pools of load balancers and masqueraded VMs', async () => {
    const host = hostWith([
      flannelConfig,
      serviceCidr,
      object('metallb.io/v1beta1', 'IPAddressPool', 'metallb-system/pool', {
        spec: { addresses: ['10.9.0.4 - 10.9.0.7', '10.9.1.0/24', 'fd00::1-fd00::2'] },
      }),
      object('cilium.io/v2alpha1', 'CiliumLoadBalancerIPPool', 'lb', {
        spec: { blocks: [{ start: '10.8.0.1', stop: '10.8.0.1' }, { cidr: '10.8.1.0/24' }] },
      }),
      object('kubevirt.io/v1', 'VirtualMachineInstance', 'ns/vm', {
        spec: { domain: { devices: { interfaces: [{ masquerade: {} }] } }, networks: [{ pod: {} }] },
      }),
    ])
    const cidrs = cidrsOf(await detectHostNetwork(host, never))
    expect(cidrs).toEqual(
      expect.arrayContaining(['10.9.0.4/30', '10.9.1.0/24', '10.8.0.1/32', '10.8.1.0/24', '10.0.2.0/24']),
    )
  })

  test('a pod outside the known range shows that there is another', async () => {
    const host = hostWith([
      flannelConfig,
      serviceCidr,
      pod('kube-system/x', '10.77.3.9'),
      pod('kube-system/y', '10.244.0.9'),
    ])
    const found = await detectHostNetwork(host, never)
    expect(found.occupied).toContainEqual({
      cidr: '10.77.3.0/24',
      usedBy: 'addresses around pod "kube-system/x" of the host',
    })
    expect(cidrsOf(found)).not.toContain('10.244.0.0/24')
  })

  test('without rights it guesses from what it sees, and says so', async () => {
    const forbidden = ['ConfigMap', 'Node', 'ServiceCIDR']
    const host = hostWith(
      [
        pod('apps/web', '10.50.1.7'),
        object('v1', 'Service', 'default/kubernetes', { spec: { clusterIP: '10.96.0.1' } }),
      ],
      ({ kind }) => (forbidden.includes(kind) ? 'not-permitted' : undefined),
    )
    const found = await detectHostNetwork(host, never)
    expect(cidrsOf(found)).toEqual(['10.50.1.0/24', '10.96.0.0/16'])
    expect(found.cni).toBeUndefined()
    expect(found.podMtuKnownBy).toBe('1500 less 50 for an unknown CNI')
    expect(found.problems.map((problem) => problem.severity)).toEqual(['warning'])
    expect(found.problems[0]?.message).toMatch(
      /pod network and Service range are not known and only guessed .* not permitted to read Nodes, ServiceCIDRs, ConfigMap kube-system\/kubeadm-config/,
    )
  })

  test("of Felix' environment it reads what counts, and asks for no other ConfigMap", async () => {
    const variable = (name: string, from: string) => ({
      name,
      valueFrom: { configMapKeyRef: { name: from, key: 'value' } },
    })
    const api = hostWith([
      object('crd.projectcalico.org/v1', 'IPPool', 'one', { spec: { cidr: '192.168.0.0/16' } }),
      calicoNode('calico-system/calico-node', [
        variable('FELIX_LOGSEVERITYSCREEN', 'logs'),
        variable('FELIX_VXLANPORT', 'ports'),
      ]),
    ])
    const asked: string[] = []
    const listening: KubeApi = {
      ...api,
      get: (kind, name, ...more) => {
        if (kind.kind === 'ConfigMap') asked.push(name)
        return api.get(kind, name, ...more)
      },
    }
    await detectHostNetwork(listening, never)
    expect(asked).toContain('ports')
    expect(asked).not.toContain('logs')
  })

  test('a host that cannot be reached is not guessed about', async () => {
    await expect(
      detectHostNetwork(
        hostWith([], () => 'host-unreachable'),
        never,
      ),
    ).rejects.toMatchObject({
      code: 'host-unreachable',
    })
  })
})
