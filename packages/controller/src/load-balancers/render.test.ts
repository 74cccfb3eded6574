import { labels } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { localLabel } from './objects.js'
import { hostService, withoutNodePorts } from './render.js'
import { cluster, hosted, nested, port } from './sample-services.js'

const ranges = { loadBalancerSourceRanges: ['192.0.2.0/24'] }

describe('the host Service', () => {
  it('brings each port to its node port, and asks for the same one on the host', () => {
    const ports = [
      { name: 'web', port: 80, nodePort: 31000, appProtocol: 'http' },
      { name: 'dns', port: 53, protocol: 'UDP', nodePort: 31001 },
    ]
    const made = hostService(
      cluster,
      nested({ spec: { ports, ...ranges, sessionAffinity: 'ClientIP' } }),
      undefined,
    )
    expect(made).toMatchObject({
      metadata: {
        namespace: 'knest-demo',
        labels: { [labels.cluster]: 'demo', [labels.managedBy]: 'knest' },
        annotations: { 'knest.dev/service': 'default/web', 'knest.dev/service-uid': 'web-uid' },
        ownerReferences: [{ kind: 'NestedCluster', uid: 'uid-of-demo' }],
      },
      spec: {
        ...{ type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', sessionAffinity: 'ClientIP', ...ranges },
        selector: { [labels.cluster]: 'demo' },
        ports: [
          { name: 'web', port: 80, protocol: 'TCP', targetPort: 31000, nodePort: 31000, appProtocol: 'http' },
          { name: 'dns', port: 53, protocol: 'UDP', targetPort: 31001, nodePort: 31001 },
        ],
      },
    })
    expect(JSON.stringify(withoutNodePorts(made))).not.toContain('nodePort')
  })

  it('keeps type and node ports that it has', () => {
    const found = hosted({ spec: { type: 'NodePort' } })
    const { spec } = hostService(
      cluster,
      nested({ spec: { ports: [port, { port: 81, nodePort: 32000 }] } }),
      found,
    )
    expect(spec).toMatchObject({ type: 'NodePort' })
    expect(spec.ports).toEqual([
      { port: 80, protocol: 'TCP', targetPort: 31000, nodePort: 32000 },
      { port: 81, protocol: 'TCP', targetPort: 32000 },
    ])
  })

  it('sends traffic that is served locally to nodes with endpoints', () => {
    const local = nested({ spec: { externalTrafficPolicy: 'Local' } })
    const { spec } = hostService(cluster, local, hosted())
    expect(spec).toMatchObject({ externalTrafficPolicy: 'Local', selector: { [localLabel(local)]: 'true' } })
  })

  it.each(['a', 'x'.repeat(63)])('has a name that the host takes: %s', (name) => {
    const made = hostService({ ...cluster, name: 'c'.repeat(32) }, nested({ metadata: { name } }), undefined)
    expect(made.metadata.name).toMatch(/^[a-z][-a-z0-9]{0,61}[a-z0-9]$/)
  })
})
