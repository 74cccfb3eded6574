import { describe, expect, it } from 'vitest'
import { formatAddress, parseAddress, parseAddressRange } from '../network/index.js'
import { addressesOf, formatRange, isCandidate, parseCandidates, withoutAll } from './candidates.js'
import { reservationFromObject, reservationObject } from './reservation.js'
import { chooseAddressKeeping, detectAddressAdapter, type AddressRequest } from './keeping.js'
import { macOf } from './mac.js'
import { addressProblems } from './preflight.js'

const cluster = { name: 'a', namespace: 'knest-a' }
const other = { name: 'b', namespace: 'knest-b' }

describe('candidates', () => {
  it('has what lies in any of its ranges, both ends included', () => {
    const candidates = parseCandidates(['10.0.0.8-10.0.0.10', '10.0.0.20'])
    const inside = ['10.0.0.7', '10.0.0.8', '10.0.0.9', '10.0.0.10', '10.0.0.11', '10.0.0.20', '10.0.0.21']
    expect(inside.filter((text) => isCandidate(candidates, parseAddress(text)))).toEqual([
      '10.0.0.8',
      '10.0.0.9',
      '10.0.0.10',
      '10.0.0.20',
    ])
  })

  it.each([
    [['10.0.0.6-10.0.0.8'], '10.0.0.9-10.0.0.15'],
    [['10.0.0.10'], '10.0.0.8-10.0.0.9,10.0.0.11-10.0.0.15'],
    [['10.0.0.15-10.0.0.20', '10.0.0.9'], '10.0.0.8,10.0.0.10-10.0.0.14'],
    [['10.0.0.0/24'], ''],
    [['10.0.1.0/24'], '10.0.0.8-10.0.0.15'],
  ])('without %j there is left of 10.0.0.8-15: %s', (others, left) => {
    const rest = withoutAll(parseAddressRange('10.0.0.8-10.0.0.15'), others.map(parseAddressRange))
    expect(rest.map(formatRange).join(',')).toBe(left)
  })

  it('takes addresses, ranges and CIDRs in their order, none twice', () => {
    const candidates = parseCandidates(['10.0.0.9', '10.0.0.8-10.0.0.10', '10.0.0.8/30'])
    expect([...addressesOf(candidates)].map(formatAddress)).toEqual([
      '10.0.0.9',
      '10.0.0.8',
      '10.0.0.10',
      '10.0.0.11',
    ])
    expect(candidates.count).toBe(4)
  })

  it('refuses what is no range', () => {
    expect(() => parseCandidates(['10.0.0.9-10.0.0.1'])).toThrow(/ends before it begins/)
  })

  it('can count more than it would list', () => {
    expect(parseCandidates(['10.0.0.0/8']).count).toBe(2 ** 24)
    expect(formatRange({ first: parseAddress('10.0.0.1'), last: parseAddress('10.0.0.1') })).toBe('10.0.0.1')
  })
})

describe('MAC addresses', () => {
  it('follow from the address', () => {
    expect(macOf(parseAddress('10.1.2.3'))).toBe('52:54:00:01:02:03')
    expect(macOf(parseAddress('192.168.200.255'))).toBe('52:54:00:a8:c8:ff')
  })
})

describe('claims', () => {
  it('come back from their object as they were', () => {
    const reservation = {
      address: parseAddress('10.0.0.9'),
      mac: '52:54:00:00:00:09',
      cluster,
      node: 'a-cp-0',
    }
    const object = reservationObject(reservation, new Date())
    expect(object.metadata.name).toBe('knest-address-10.0.0.9')
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: '7' } }
    expect(reservationFromObject(stored)).toEqual({ ...reservation, version: '7' })
  })

  it('are nothing else', () => {
    const reservation = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'x' } }
    expect(reservationFromObject(reservation)).toBeUndefined()
  })
})

describe('addressProblems', () => {
  const request = { cluster, candidates: ['10.0.0.8/30'], nodes: 3, clusters: () => Promise.resolve([]) }
  const reservation = (of: typeof cluster, address: string) => ({
    cluster: of,
    node: 'n',
    address: parseAddress(address),
    mac: '',
    version: '',
  })
  const none = { reservations: [], used: [], clusters: [] }
  const said = (facts: Partial<Parameters<typeof addressProblems>[1]>, changed = {}): string =>
    addressProblems({ ...request, ...changed }, { ...none, ...facts })
      .map(({ message }) => message)
      .join('\n')

  it('has none when all is free', () => {
    expect(said({})).toBe('')
  })

  it('names the cluster whose range or address it is', () => {
    expect(said({ clusters: [{ ...other, addresses: ['10.0.0.10-10.0.0.20'] }] })).toMatch(
      /10\.0\.0\.8-10\.0\.0\.11 overlaps 10\.0\.0\.10-10\.0\.0\.20 of cluster "b"/,
    )
    expect(said({ reservations: [reservation(other, '10.0.0.9')], clusters: [other] })).toMatch(
      /10\.0\.0\.9.*"b"/,
    )
  })

  it('passes over claims of a cluster that is no more, unless clusters are not known', () => {
    expect(said({ reservations: [reservation(other, '10.0.0.9')] })).toBe('')
    expect(said({ reservations: [reservation(other, '10.0.0.9')], clusters: undefined })).not.toBe('')
  })

  it('does not mind its own', () => {
    expect(
      said({ reservations: [reservation(cluster, '10.0.0.9')], clusters: [{ ...cluster, ...request }] }),
    ).toBe('')
  })

  it('counts addresses in use', () => {
    const used = ['10.0.0.8', '10.0.0.9'].map((text) => ({
      address: parseAddress(text),
      by: `pod "x/${text}"`,
    }))
    expect(said({ used })).toMatch(/4 machine addresses.*2 of them in use.*pod "x.*3 nodes/)
    expect(said({ used }, { nodes: 2 })).toBe('')
  })
})

describe('chooseAddressKeeping', () => {
  const request: AddressRequest = {
    hostCni: 'Calico',
    asked: undefined,
    candidates: [],
    keepsVmAddresses: false,
    onlyVms: false,
  }

  it('pins with the adapter of the host, or with the one asked for', () => {
    const given = { ...request, candidates: ['10.0.0.9'] }
    expect(chooseAddressKeeping(given)).toEqual({ kind: 'pinned', adapter: 'calico' })
    expect(chooseAddressKeeping({ ...given, asked: 'kube-ovn' })).toMatchObject({ adapter: 'kube-ovn' })
    expect(chooseAddressKeeping({ ...given, hostCni: undefined, asked: 'calico' })).toMatchObject({
      adapter: 'calico',
    })
  })

  it('prefers what the host does by itself', () => {
    expect(chooseAddressKeeping({ ...request, hostCni: 'Kube-OVN' })).toMatchObject({
      kind: 'by-host',
      adapter: 'kube-ovn',
    })
    expect(chooseAddressKeeping({ ...request, onlyVms: true, keepsVmAddresses: true })).toMatchObject({
      kind: 'by-host',
    })
  })

  it('says plainly when addresses may change', () => {
    expect(chooseAddressKeeping(request)).toMatchObject({ kind: 'changing' })
    expect(chooseAddressKeeping({ ...request, hostCni: 'flannel' })).toEqual({
      kind: 'changing',
      statement: 'node addresses may change with flannel, and the cluster survives it',
    })
  })

  it('refuses addresses no adapter can keep: canal lets another program assign them', () => {
    const hostCni = 'canal (Calico policy on flannel)'
    expect(detectAddressAdapter(hostCni)).toBeUndefined()
    const keeping = chooseAddressKeeping({ ...request, hostCni, candidates: ['10.0.0.9'] })
    expect(keeping.kind === 'impossible' && keeping.problem.message).toMatch(/canal/)
  })
})
