import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ClusterNetwork } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { podSpecOf } from './container-parts.js'
import {
  coreDnsImage,
  coreDnsObjects,
  flannelObjects,
  localPathObjects,
  parseCniChoice,
  patchCalico,
  patchCilium,
  renderCni,
} from './index.js'
import { addonObjects, dnsObjects } from './objects.js'
import { fakeSpec } from '../plan/fake-spec.js'
import { placeholderNetwork } from '../kubeadm/placeholder-network.js'

const network: ClusterNetwork = {
  podNetworkCidr: ['10.200.0.0/16'],
  serviceCidr: ['10.201.0.0/16'],
  dnsDomain: 'cluster.local',
  cni: 'flannel',
  vxlanPort: 14789,
  mtu: 1400,
}
const folder = mkdtempSync(join(tmpdir(), 'knest-cni-'))
afterAll(() => rmSync(folder, { recursive: true }))

const find = (objects: readonly KubeObject[], kind: string, name?: string): KubeObject => {
  const found = objects.find((one) => one.kind === kind && (name === undefined || one.metadata.name === name))
  if (found === undefined) throw new Error(`no ${kind} ${name ?? ''}`)
  return found
}
const kinds = (objects: readonly KubeObject[]): string[] => objects.map((one) => one.kind)

/** Names that objects refer to must be names of objects that are there. */
function expectConsistent(objects: readonly KubeObject[]): void {
  const has = (kind: string, name: unknown): boolean =>
    objects.some((one) => one.kind === kind && one.metadata.name === name)
  for (const one of objects.filter((each) => each.kind.endsWith('RoleBinding'))) {
    expect(has(one.roleRef.kind as string, one.roleRef.name)).toBe(true)
    for (const subject of one.subjects as { kind: string; name: string }[]) {
      expect(has(subject.kind, subject.name)).toBe(true)
    }
  }
  for (const one of objects.filter((each) => ['Deployment', 'DaemonSet'].includes(each.kind))) {
    const template = one.spec.template
    expect(template.metadata.labels).toMatchObject(one.spec.selector.matchLabels as object)
    expect(has('ServiceAccount', template.spec.serviceAccountName)).toBe(true)
    const volumes = template.spec.volumes as { name: string; configMap?: { name: string } }[]
    for (const volume of volumes)
      if (volume.configMap) expect(has('ConfigMap', volume.configMap.name)).toBe(true)
    for (const mount of template.spec.containers[0].volumeMounts as { name: string }[]) {
      expect(volumes.map((volume) => volume.name)).toContain(mount.name)
    }
  }
}

describe('flannelObjects', () => {
  const objects = flannelObjects({ ...network, controlPlaneEndpoint: 'demo.knest-demo.svc:6443' })

  test('is complete and consistent', () => {
    expect(kinds(objects)).toEqual([
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'ConfigMap',
      'DaemonSet',
    ])
    expectConsistent(objects)
  })

  test('carries range, port, MTU and the address of the API', () => {
    expect(JSON.parse(find(objects, 'ConfigMap').data['net-conf.json'] as string)).toEqual({
      Network: '10.200.0.0/16',
      Backend: { Type: 'vxlan', Port: 14789, MTU: 1450 },
    })
    const [container] = podSpecOf(find(objects, 'DaemonSet')).containers
    expect(container?.env).toContainEqual({ name: 'KUBERNETES_SERVICE_HOST', value: 'demo.knest-demo.svc' })
    expect(container?.env).toContainEqual({ name: 'KUBERNETES_SERVICE_PORT', value: '6443' })
  })

  test('leaves the MTU to flannel when it is not decided', () => {
    const config = find(flannelObjects({ ...network, mtu: 0, controlPlaneEndpoint: 'a:1' }), 'ConfigMap')
    expect(JSON.parse(config.data['net-conf.json'] as string)).not.toHaveProperty('Backend.MTU')
  })
})

describe('coreDnsObjects', () => {
  const objects = coreDnsObjects({
    clusterIp: '10.201.0.10',
    dnsDomain: 'nested.example',
    kubernetesVersion: '1.35.4',
  })

  test('has the names kubeadm upgrade looks for', () => {
    expectConsistent(objects)
    expect(find(objects, 'Service', 'kube-dns').spec.clusterIP).toBe('10.201.0.10')
    const deployment = find(objects, 'Deployment', 'coredns')
    expect(deployment.metadata).toMatchObject({ namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } })
    expect(deployment.spec.replicas).toBe(2)
    expect(deployment.spec.template.spec.containers[0]).toMatchObject({
      image: 'registry.k8s.io/coredns/coredns:v1.13.1',
      readinessProbe: { initialDelaySeconds: 0, periodSeconds: 1 },
    })
  })

  test('writes a Corefile with balanced blocks', () => {
    const corefile = find(objects, 'ConfigMap').data.Corefile as string
    expect(corefile).toContain(
      '    kubernetes nested.example in-addr.arpa ip6.arpa {\n       pods insecure\n',
    )
    expect(corefile).toContain('    forward . /etc/resolv.conf {\n       max_concurrent 1000\n    }\n')
    expect(corefile.match(/\{$/gm)?.length).toBe(corefile.match(/^ *\}$/gm)?.length)
  })

  test.each([
    ['1.34.0', 'v1.12.1'],
    ['1.36.3', 'v1.14.2'],
  ])('Kubernetes %s asks for CoreDNS %s', (version, tag) => {
    expect(coreDnsImage(version)).toBe(`registry.k8s.io/coredns/coredns:${tag}`)
  })
})

test('localPathObjects gives a default StorageClass and a helper pod of its own image', () => {
  const objects = localPathObjects({ path: '/data' })
  expectConsistent(objects)
  expect(find(objects, 'StorageClass')).toMatchObject({
    metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  const { data } = find(objects, 'ConfigMap') as unknown as { data: Record<string, string> }
  expect(JSON.parse(data['config.json'] ?? '')).toEqual({
    nodePathMap: [{ node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: ['/data'] }],
  })
  expect(parse(data['helperPod.yaml'] ?? '')).toMatchObject({
    kind: 'Pod',
    spec: { containers: [{ image: 'localhost/knest/busybox:1' }] },
  })
})

test.each([
  ['by default', undefined, true],
  ['asked for', { storage: 'local-path' }, true],
  ['turned off', { storage: 'none' }, false],
] as const)('storage comes with a cluster %s', async (_, addons, isThere) => {
  const spec = { ...fakeSpec(1, 1), ...(addons === undefined ? {} : { addons }) }
  const options = { controlPlaneEndpoint: 'a:1', note: () => undefined, signal: new AbortController().signal }
  const names = (await addonObjects(spec, options)).map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  expect(names.includes('StorageClass local-path')).toBe(isThere)
  expect(names.includes('Namespace local-path-storage')).toBe(isThere)
})

test.each([
  ['pod', '100m'],
  ['container', '20m'],
] as const)('DNS of a cluster whose nodes are of kind %s requests %s of a core', (backend, cpu) => {
  const spec = fakeSpec(1, 0)
  const objects = dnsObjects({ ...spec, controlPlane: { ...spec.controlPlane, backend } })
  const { containers } = find([...objects], 'Deployment', 'coredns').spec.template.spec
  expect(containers[0]).toMatchObject({ resources: { requests: { cpu } } })
})

/** The parts of Calico's and Cilium's manifests that are changed, in their shape. */
const calico = `
apiVersion: v1
kind: ConfigMap
metadata: {name: calico-config, namespace: kube-system}
data: {calico_backend: bird, veth_mtu: "0", typha_service_name: none}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec:
  template:
    spec:
      initContainers: [{name: install-cni}]
      containers:
      - name: calico-node
        env:
        - {name: CLUSTER_TYPE, value: "k8s,bgp"}
        - {name: CALICO_IPV4POOL_IPIP, value: Always}
        - {name: NODENAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        livenessProbe: {exec: {command: [/bin/calico-node, -felix-live, -bird-live]}}
        readinessProbe: {exec: {command: [/bin/calico-node, -felix-ready, -bird-ready]}}
`

const cilium = `
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {tunnel-protocol: geneve, enable-ipv6: "true", debug: "false"}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cilium, namespace: kube-system}
spec:
  template:
    spec:
      initContainers: [{name: config}, {name: mount-cgroup}]
      containers: [{name: cilium-agent, volumeMounts: [{name: cilium-cgroup, mountPath: /run/cilium/cgroupv2}]}]
      volumes: [{name: cilium-cgroup, hostPath: {path: /run/cilium/cgroupv2, type: DirectoryOrCreate}}]
`

const documents = (text: string): KubeObject[] => text.split('---').map((part) => parse(part) as KubeObject)

describe('patchCalico', () => {
  test('makes it VXLAN alone, on our port', () => {
    const before = documents(calico)
    const objects = patchCalico(before, network)
    expect(find(objects, 'ConfigMap').data).toEqual({
      calico_backend: 'vxlan',
      veth_mtu: '1400',
      typha_service_name: 'none',
    })
    const [container] = podSpecOf(find(objects, 'DaemonSet')).containers
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]))
    expect(env).toEqual({
      CLUSTER_TYPE: 'k8s',
      CALICO_IPV4POOL_IPIP: 'Never',
      CALICO_IPV4POOL_VXLAN: 'Always',
      CALICO_IPV4POOL_CIDR: '10.200.0.0/16',
      FELIX_VXLANPORT: '14789',
      IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
      NODENAME: undefined,
    })
    expect(container?.readinessProbe?.exec?.command).toEqual(['/bin/calico-node', '-felix-ready'])
    expect(container?.livenessProbe?.exec?.command).toEqual(['/bin/calico-node', '-felix-live'])
    expect(before).toEqual(documents(calico))
  })

  test('refuses another manifest', () => {
    expect(() => patchCalico(documents(cilium), network)).toThrow('no DaemonSet "calico-node"')
  })
})

describe('patchCilium', () => {
  test('makes it VXLAN on our port, in the cgroups of the node', () => {
    const objects = patchCilium(documents(cilium), network)
    expect(find(objects, 'ConfigMap').data).toMatchObject({
      'tunnel-protocol': 'vxlan',
      'tunnel-port': '14789',
      'cluster-pool-ipv4-cidr': '10.200.0.0/16',
      'cgroup-root': '/sys/fs/cgroup',
      mtu: '1450',
      debug: 'false',
    })
    const pod = podSpecOf(find(objects, 'DaemonSet'))
    expect(pod.initContainers?.map((container) => container.name)).toEqual(['config'])
    expect(pod.volumes?.[0]?.hostPath?.path).toBe('/sys/fs/cgroup')
    expect(pod.containers[0]?.volumeMounts?.[0]?.mountPath).toBe('/sys/fs/cgroup')
  })

  test('refuses another manifest', () => {
    expect(() => patchCilium(documents(calico), network)).toThrow('no ConfigMap "cilium-config"')
  })
})

describe('renderCni', () => {
  const notes: string[] = []
  const render = (cni: string): Promise<KubeObject[]> =>
    renderCni(
      { ...network, cni },
      {
        controlPlaneEndpoint: 'demo:6443',
        note: (text) => notes.push(text),
        signal: new AbortController().signal,
      },
    )
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  test('none and flannel need nothing from outside', async () => {
    expect(await render('none')).toEqual([])
    expect(kinds(await render('flannel'))).toContain('DaemonSet')
    expect(notes).toEqual([])
  })

  test('a file is used as it is', async () => {
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }],
    }
    expect(await render(file('own.yaml', `# nothing\n---\n${JSON.stringify(list)}\n---\n`))).toEqual(
      list.items,
    )
  })

  test('named with its CNI, it is adapted', async () => {
    const objects = await render(`calico=${file('calico.yaml', calico)}`)
    expect(find(objects, 'ConfigMap').data.calico_backend).toBe('vxlan')
    expect(kinds(await render(`cilium=${file('cilium.yaml', cilium)}`))).toEqual(['ConfigMap', 'DaemonSet'])
  })

  test('a URL is fetched, after saying so', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/calico.yaml' ? 200 : 404
      response.end(calico)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      expect(await render(`calico=${url}/calico.yaml`)).toHaveLength(2)
      expect(notes).toEqual([`Fetching the CNI manifest from ${url}/calico.yaml`])
      await expect(render(`${url}/other.yaml`)).rejects.toThrow('the server answered 404')
    } finally {
      server.close()
    }
  })

  test.each([
    ['an absent file', './no-such-file.yaml', /cannot be read: ENOENT/],
    ['cilium alone', 'cilium', /needs a manifest/],
  ])('refuses %s', async (_, cni, message) => {
    await expect(render(cni)).rejects.toThrow(message)
  })

  test.each([
    ['a web page', '<!doctype html>\n<a href="x: y">\n', /is no Kubernetes object|not YAML/],
    ['bad YAML', 'a: [', /is not YAML/],
    ['an empty file', '', /holds no objects/],
    ['something else', 'name: a\n', /no Kubernetes object/],
  ])('refuses %s', async (name, text, message) => {
    await expect(render(file(`${name}.yaml`, text))).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(message) as string,
    })
  })

  test.each([
    ['calico', 'calico', /^https:\/\/.*\/calico\.yaml$/],
    ['calico=a.yaml', 'calico', /^a\.yaml$/],
    ['a/b.yaml', 'manifest', /^a\/b\.yaml$/],
  ])('takes "%s" apart', (cni, kind, source) => {
    expect(parseCniChoice(cni).kind).toBe(kind)
    expect(parseCniChoice(cni).source).toMatch(source)
  })
})

describe('networkToCome', () => {
  test('lets pods of a flannel node wait for the file that the node image writes', () => {
    const [file, ...more] = placeholderNetwork({ cni: 'flannel' })
    expect(more).toEqual([])
    const { plugins } = JSON.parse(file?.content ?? '') as { plugins: { type: string; for: string }[] }
    expect(plugins).toMatchObject([{ type: 'knest-wait', for: '/etc/cni/net.d/10-flannel.conflist' }])
    // The real one comes first once it is there.
    expect(String(file?.path) > String(plugins[0]?.for)).toBe(true)
    const script = readFileSync(
      new URL('../../../../images/node/flannel/knest-flannel', import.meta.url),
      'utf8',
    )
    expect(script).toContain(`conflist=${plugins[0]?.for}\n`)
  })

  test('leaves other networks their own time', () => {
    for (const cni of ['none', 'calico', 'cilium=file.yaml', 'https://example.test/cni.yaml'])
      expect(placeholderNetwork({ cni })).toEqual([])
  })
})
