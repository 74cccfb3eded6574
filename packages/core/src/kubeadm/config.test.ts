import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { fakeRecord } from '../status/fake-parts.js'
import { initConfiguration, joinConfiguration } from './config.js'

const { spec } = fakeRecord({})
const node = 'c-cp-0'
const addresses = {
  controlPlaneEndpoint: 'c-api.knest-c.svc:6443',
  identities: new Map([[node, '10.96.0.9']]),
  certificateNames: [],
  peerNames: [],
  hosts: [],
}

function timeoutsOf(timeoutFactor: number): readonly unknown[] {
  const ref = { name: 'c', namespace: 'knest-c' }
  const init = initConfiguration({ ref, spec, node, addresses, cgroupDriver: 'systemd', timeoutFactor })
  const [first] = parseAllDocuments(init).map((document) => document.toJS() as { timeouts?: unknown })
  const join = joinConfiguration({ spec, node, addresses, discoveryPath: '/d', timeoutFactor })
  return [first?.timeouts, (parse(join) as { timeouts?: unknown }).timeouts]
}

describe("kubeadm's own time limits", () => {
  it('stay as they are on hardware', () => {
    expect(timeoutsOf(1)).toEqual([undefined, undefined])
  })

  it('are longer where machines are emulated, with the startup probes of the static pods', () => {
    const longer = {
      controlPlaneComponentHealthCheck: '16m0s',
      etcdAPICall: '8m0s',
      kubernetesAPICall: '4m0s',
    }
    expect(timeoutsOf(4)).toMatchObject([longer, longer])
  })
})
