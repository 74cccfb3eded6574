import { labels } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { planBalancers } from './decide.js'
import type { Seen, Step } from './decide.js'
import { localLabel } from './objects.js'
import { cluster, finalizers, hosted, nested, port } from './sample-services.js'

const deletionTimestamp = '2026-01-01T00:00:00Z'
const old = new Map([['host-uid', 600_000]])

const hostNode = (name: string, status = 'True', type = 'InternalIP'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: {
    conditions: [{ type: 'Ready', status }],
    addresses: [{ type, address: `192.0.2.${name.length}` }],
  },
})

const pod = (node: string, more: Readonly<Record<string, string>> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${node}-0`, namespace: 'knest-demo', labels: { [labels.node]: node, ...more } },
  spec: { nodeName: 'aa' },
})

function plan(seen: Partial<Seen>) {
  const none = {
    found: [],
    pods: [],
    ages: new Map<string, number>(),
    endpoints: new Map<string, Set<string>>(),
  }
  return planBalancers({ cluster, services: [], hostNodes: [hostNode('a')], ...none, ...seen })
}

/** In few words. */
function inShort(step: Step): string {
  if (step.do === 'publish') return `publish ${JSON.stringify(step.ingress)}`
  if (step.do === 'release') return step.empties ? 'release, empty' : 'release'
  if (step.do === 'say') return `${step.action.reason}: ${step.action.message}`
  return step.do
}

const onNodePort = (ip = '192.0.2.1'): object => ({
  ...{ ip, ipMode: 'Proxy' },
  ports: [{ port: 80, protocol: 'TCP', error: 'knest.dev/NodePort32000' }],
})
const vip = { ip: '198.51.100.7' }
const published = { ip: '198.51.100.7', ipMode: 'Proxy' }
const ranges = { loadBalancerSourceRanges: ['192.0.2.0/24'] }
const reached = 'EnsuredLoadBalancer: reached at 198.51.100.7, port 80/TCP'
const failed = 'SyncLoadBalancerFailed: '
const noBalancer = 'the host has no load balancer'

describe('a nested Service of type LoadBalancer', () => {
  it.each<[string, KubeObject, KubeObject | undefined, readonly string[], Partial<Seen>?]>([
    ['is held first, then made', nested({ metadata: { finalizers: [] } }), undefined, ['hold', 'apply']],
    ['is made where it was held', nested(), undefined, ['apply']],
    ['waits for the host', nested(), hosted(), ['apply']],
    [
      'gets the address',
      nested(),
      hosted({ ingress: [vip] }),
      ['apply', `publish ${JSON.stringify([published])}`, reached],
    ],
    ['keeps it', nested({ ingress: [published] }), hosted({ ingress: [vip] }), ['apply']],
    [
      'gets a name',
      nested(),
      hosted({ ingress: [{ hostname: 'lb.example.com' }] }),
      [
        'apply',
        'publish [{"hostname":"lb.example.com"}]',
        'EnsuredLoadBalancer: reached at lb.example.com, port 80/TCP',
      ],
    ],
    [
      'is reached at node ports where nobody gives one',
      nested(),
      hosted(),
      [
        'apply',
        `publish ${JSON.stringify([onNodePort()])}`,
        `EnsuredLoadBalancer: ${noBalancer}: reached at its nodes 192.0.2.1, port 32000 for 80/TCP`,
      ],
      { ages: old },
    ],
    ['and stays so', nested({ ingress: [onNodePort()] }), hosted(), ['apply'], { ages: old }],
    [
      'waits longer for one that is at work',
      nested(),
      hosted({ metadata: { finalizers } }),
      ['apply'],
      { ages: new Map([['host-uid', 200_000]]) },
    ],
    [
      'but not for ever',
      nested(),
      hosted({ metadata: { finalizers } }),
      [
        'apply',
        `publish ${JSON.stringify([onNodePort()])}`,
        `EnsuredLoadBalancer: the host's load balancer has given Service "${hosted().metadata.name}" in namespace "knest-demo" no address in 5 minutes: reached at its nodes 192.0.2.1, port 32000 for 80/TCP`,
      ],
      { ages: old },
    ],
    [
      'does not wait where the host refuses load balancers',
      nested(),
      hosted({ spec: { type: 'NodePort' } }),
      [
        'apply',
        `publish ${JSON.stringify([onNodePort()])}`,
        'EnsuredLoadBalancer: the host refuses Services of type LoadBalancer: reached at its nodes 192.0.2.1, port 32000 for 80/TCP',
      ],
    ],
    [
      'has source ranges that node ports do not keep',
      nested({ spec: ranges, ingress: [published] }),
      hosted(),
      [
        'apply',
        `${failed}${noBalancer}, and node ports keep no loadBalancerSourceRanges: leave them out`,
        'publish []',
      ],
      { ages: old },
    ],
    [
      'has source ranges that the node ports it got do not keep',
      nested({ spec: ranges, ingress: [onNodePort()] }),
      hosted({ spec: { type: 'NodePort' } }),
      ['publish []', 'delete'],
    ],
    [
      'has a port that the host does not know yet',
      nested({ spec: { ports: [port, { port: 443, nodePort: 31001 }] } }),
      hosted(),
      ['apply'],
      { ages: old },
    ],
    [
      'finds no node that is ready',
      nested(),
      hosted(),
      ['apply', `${failed}${noBalancer}, and no node of it that could forward a node port is ready`],
      { ages: old, hostNodes: [hostNode('a', 'Unknown')] },
    ],
    [
      'has no node ports',
      nested({ spec: { ports: [{ port: 80 }] }, ingress: [published] }),
      hosted(),
      [
        `${failed}port 80 has no node port, by which the host reaches it: leave allocateLoadBalancerNodePorts out, or true`,
        'delete',
        'release, empty',
      ],
    ],
    ['is of another class', nested({ spec: { loadBalancerClass: 'example.com/x' } }), undefined, []],
    ['was given an address by somebody else', nested({ ingress: [vip] }), undefined, []],
    [
      'was given one by somebody else meanwhile',
      nested({ ingress: [vip] }),
      hosted(),
      [
        `${failed}somebody else in the cluster gave it the address 198.51.100.7: knest leaves it to them`,
        'delete',
        'release',
      ],
    ],
    ['is deleted: the host first', nested({ metadata: { deletionTimestamp } }), hosted(), ['delete']],
    [
      'is deleted: while the host lets go',
      nested({ metadata: { deletionTimestamp } }),
      hosted({ metadata: { deletionTimestamp } }),
      [],
    ],
    ['is deleted: then itself', nested({ metadata: { deletionTimestamp } }), undefined, ['release']],
    ['waits for one that goes', nested(), hosted({ metadata: { deletionTimestamp } }), []],
  ])('%s', (_, service, host, steps, seen = {}) => {
    const { services } = plan({ services: [service], found: host === undefined ? [] : [host], ...seen })
    expect(services.flatMap((each) => each.steps).map(inShort)).toEqual(steps)
  })

  it('that is none any more is released before its host Service goes', () => {
    const { services } = plan({ found: [hosted()] })
    expect(services[0]?.nested).toEqual({ namespace: 'default', name: 'web', uid: 'web-uid' })
    expect(services[0]?.steps.map(inShort)).toEqual(['release, empty', 'delete'])
  })

  it.each([
    ['somebody else', { labels: {} }],
    [
      'a cluster of that name that is gone',
      { ownerReferences: [{ ...hosted().metadata.ownerReferences?.[0], uid: 'x' }] },
    ],
  ])('touches nothing of %s', (_, metadata) => {
    expect(plan({ found: [hosted({ metadata })] }).services).toEqual([])
  })

  it.each<[string, KubeObject, KubeObject | undefined, readonly string[]]>([
    [
      'is released, then the host Service goes',
      nested({ ingress: [published] }),
      hosted(),
      ['release, empty', 'delete'],
    ],
    [
      'is released while the host lets go',
      nested(),
      hosted({ metadata: { deletionTimestamp } }),
      ['release, empty'],
    ],
    ['loses what the host has lost already', nested({ ingress: [published] }), undefined, ['release, empty']],
    ['that somebody else keeps is left alone', nested(), undefined, []],
    ['that somebody else serves is left alone', nested({ ingress: [vip] }), undefined, []],
    ['is not held', nested({ metadata: { finalizers: [] } }), undefined, []],
  ])('of a cluster that is to have none %s', (_, service, host, steps) => {
    const { services, nextMs } = plan({
      services: [service],
      found: host === undefined ? [] : [host],
      isOff: true,
    })
    expect(services.flatMap((each) => each.steps).map(inShort)).toEqual(steps)
    expect(nextMs).toBeUndefined()
  })

  it('of a second one is not waited for where the host has none', () => {
    const second = nested({ metadata: { name: 'api', uid: 'api-uid' } })
    const host = hosted({ metadata: { uid: 'second' } }, second)
    const found = [hosted(), host]
    const { services, nextMs } = plan({
      services: [nested({ ingress: [onNodePort()] }), second],
      found,
      ages: old,
    })
    expect(services[1]?.steps.map(inShort)).toContain(`publish ${JSON.stringify([onNodePort()])}`)
    expect(nextMs).toBeUndefined()
  })

  it('says when to look again', () => {
    const found = [hosted()]
    expect(plan({ services: [nested()], found }).nextMs).toBe(10_000)
    expect(plan({ services: [nested()], found, ages: new Map([['host-uid', 9_000]]) }).nextMs).toBe(1_000)
  })
})

describe('a Service that is served locally', () => {
  const local = nested({ spec: { externalTrafficPolicy: 'Local' } })
  const label = localLabel(local)
  const endpoints = new Map([['web-uid', new Set(['demo-cp-0'])]])

  it.each<[string, KubeObject[], Partial<Seen>, unknown[]]>([
    ['come', [pod('demo-cp-0'), pod('demo-worker-0')], { endpoints }, [['demo-cp-0-0', { [label]: 'true' }]]],
    ['stay', [pod('demo-cp-0', { [label]: 'true' })], { endpoints }, []],
    [
      'go',
      [pod('demo-worker-0', { [label]: 'true' })],
      { endpoints },
      [['demo-worker-0-0', { [label]: null }]],
    ],
    ['stay while nothing is known', [pod('demo-worker-0', { [label]: 'true' })], {}, []],
    [
      'go with the Service',
      [pod('demo-cp-0', { [label]: 'true' })],
      { endpoints, services: [] },
      [['demo-cp-0-0', { [label]: null }]],
    ],
  ])('has nodes, whose labels %s', (_, pods, seen, changes) => {
    const { pods: found } = plan({ services: [local], pods, ...seen })
    expect(found.map((each) => [each.pod.metadata.name, each.labels])).toEqual(changes)
  })

  it('is reached at the host nodes of those', () => {
    const found = [hosted({}, local)]
    const hostNodes = [hostNode('a'), hostNode('aa')]
    const pods = [pod('demo-cp-0', { [label]: 'true' })]
    const { services } = plan({ services: [local], found, pods, hostNodes, ages: old, endpoints })
    expect(services[0]?.steps.map(inShort)).toContain(`publish ${JSON.stringify([onNodePort('192.0.2.2')])}`)
  })
})
