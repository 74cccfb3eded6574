import { describe, expect, test } from 'vitest'
import { chooseTunnel, findOverlaps, overlaps, parseCidr } from './index.js'

const ranges = { podNetworkCidr: ['10.200.0.0/16'], serviceCidr: ['10.201.0.0/16'] }

describe('findOverlaps', () => {
  test('finds nothing where there is nothing', () => {
    const occupied = [
      { cidr: '10.244.0.0/16', usedBy: 'pod CIDR of the host' },
      { cidr: '172.18.0.2/32', usedBy: 'address of host node "a"' },
    ]
    expect(findOverlaps(ranges, occupied, ['192.168.1.0/24', '10.1.0.1-10.1.0.9'])).toEqual([])
  })

  test('names both ranges at once, each with another free one', () => {
    const occupied = [
      { cidr: '10.200.0.0/15', usedBy: 'pod CIDR of the host (kubeadm)' },
      { cidr: '10.243.7.7/32', usedBy: 'address of host node "a"' },
    ]
    expect(findOverlaps(ranges, occupied)).toEqual([
      {
        message: 'pod network CIDR "10.200.0.0/16" overlaps 10.200.0.0/15, pod CIDR of the host (kubeadm)',
        hint: 'use a free range, as in --pod-network-cidr 10.210.0.0/16',
        severity: 'error',
      },
      {
        message: 'service CIDR "10.201.0.0/16" overlaps 10.200.0.0/15, pod CIDR of the host (kubeadm)',
        hint: 'use a free range, as in --service-cidr 10.95.0.0/16',
        severity: 'error',
      },
    ])
  })

  test('looks at every entry of a range', () => {
    const two = {
      podNetworkCidr: ['10.200.0.0/16', '10.50.0.0/16'],
      serviceCidr: ['10.201.0.0/16', '10.51.0.0/16'],
    }
    const messages = findOverlaps(two, [{ cidr: '10.50.0.0/15', usedBy: 'the host' }]).map(
      ({ message }) => message,
    )
    expect(messages).toEqual([
      'pod network CIDR "10.50.0.0/16" overlaps 10.50.0.0/15, the host',
      'service CIDR "10.51.0.0/16" overlaps 10.50.0.0/15, the host',
    ])
  })

  test('what it proposes is free and separate', () => {
    const wanted = { podNetworkCidr: ['10.0.0.0/9'], serviceCidr: ['10.96.0.0/12'] }
    const occupied = [{ cidr: '10.0.0.0/8', usedBy: 'the company' }]
    const proposed = findOverlaps(wanted, occupied).map((problem) => problem.hint.split(' ').at(-1) ?? '')
    const [pods = '', services = ''] = proposed
    expect(overlaps(parseCidr(pods), parseCidr(services))).toBe(false)
    for (const range of proposed) expect(overlaps(parseCidr(range), parseCidr('10.0.0.0/8'))).toBe(false)
  })

  test('says when no candidate is left', () => {
    const [problem] = findOverlaps(ranges, [{ cidr: '0.0.0.0/0', usedBy: 'all' }])
    expect(problem?.hint).toBe('choose a private range that the host does not use, with --pod-network-cidr')
  })

  test('one source for one range, the widest, and not without end', () => {
    const shares = Array.from({ length: 9 }, (_, index) => ({
      cidr: `10.200.${index}.0/24`,
      usedBy: `node ${index}`,
    }))
    const whole = { cidr: '10.200.0.0/16', usedBy: 'pod CIDR of the host' }
    expect(
      findOverlaps(ranges, [...shares, whole, { ...whole, usedBy: 'again' }]).map(
        (problem) => problem.message,
      ),
    ).toEqual(['pod network CIDR "10.200.0.0/16" overlaps 10.200.0.0/16, pod CIDR of the host'])
    const messages = findOverlaps(ranges, shares).map((problem) => problem.message)
    expect(messages).toHaveLength(4)
    expect(messages[3]).toBe('pod network CIDR "10.200.0.0/16" overlaps 10.200.3.0/24, node 3 (and 5 more)')
  })

  test('ranges to avoid', () => {
    const messages = findOverlaps(ranges, [], ['10.200.5.1-10.200.5.2']).map((problem) => problem.message)
    expect(messages[0]).toBe(
      'pod network CIDR "10.200.0.0/16" overlaps 10.200.5.1/32, given with --avoid-cidr',
    )
    expect(() => findOverlaps(ranges, [], ['10.1.2.3/8'])).toThrow('host bits')
  })

  test("warns close to a node's address", () => {
    const near = { podNetworkCidr: ['10.210.0.0/16'], serviceCidr: ['10.1.1.128/28'] }
    expect(findOverlaps(near, [{ cidr: '10.1.1.5/32', usedBy: 'address of host node "a"' }])).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('is close to 10.1.1.5/32') as string },
    ])
  })
})

describe('chooseTunnel', () => {
  const host = { cni: 'Calico', podMtu: 1450, tunnelPorts: [4789] }

  test.each([
    ['the defaults', host, { vxlanPort: 14789, mtu: 0 }, { vxlanPort: 14789, mtu: 1400 }],
    ['a smaller MTU', host, { vxlanPort: 14789, mtu: 1300 }, { vxlanPort: 14789, mtu: 1300 }],
    [
      'a host with our port',
      { ...host, tunnelPorts: [14789, 14790] },
      { vxlanPort: 14789, mtu: 0 },
      { vxlanPort: 14791, mtu: 1400 },
    ],
    ['a port of its own', host, { vxlanPort: 4790, mtu: 0 }, { vxlanPort: 4790, mtu: 1400 }],
    [
      'a large host MTU',
      { ...host, podMtu: 8951 },
      { vxlanPort: 14789, mtu: 0 },
      { vxlanPort: 14789, mtu: 8901 },
    ],
  ])('%s', (_, facts, wanted, expected) => {
    expect(chooseTunnel(facts, wanted)).toEqual({ ...expected, problems: [] })
  })

  test.each([
    ["the host's port", host, { vxlanPort: 4789, mtu: 0 }, /VXLAN port 4789 is the one Calico uses/],
    ['a large MTU', host, { vxlanPort: 14789, mtu: 1450 }, /MTU 1450 is too large/],
    [
      'a tiny host MTU',
      { ...host, podMtu: 620 },
      { vxlanPort: 14789, mtu: 0 },
      /leaves nested pods 570 of the 576/,
    ],
  ])('refuses %s', (_, facts, wanted, message) => {
    const { problems } = chooseTunnel(facts, wanted)
    expect(problems).toHaveLength(1)
    expect(problems[0]?.message).toMatch(message)
  })

  // Three overlays deep, as a cluster in a cluster in a cluster is.
  test.each([
    [1300, 0, 1250, /a host with less encapsulation/],
    [1329, 0, 1279, /a host with less encapsulation/],
    [626, 0, 576, /a host with less encapsulation/],
    [1450, 1000, 1000, /use at least 1280, or leave it out/],
  ])('warns that pods of a host with %i have less than 1280 (asked for: %i)', (podMtu, wanted, mtu, hint) => {
    const chosen = chooseTunnel({ ...host, podMtu }, { vxlanPort: 14789, mtu: wanted })
    expect(chosen).toMatchObject({ mtu, problems: [{ severity: 'warning' }] })
    expect(chosen.problems[0]?.message).toContain(`an MTU of ${mtu}`)
    expect(chosen.problems[0]?.hint).toMatch(hint)
  })

  test('says nothing of 1280 and more', () => {
    const chosen = chooseTunnel({ ...host, podMtu: 1330 }, { vxlanPort: 14789, mtu: 0 })
    expect(chosen).toEqual({ vxlanPort: 14789, mtu: 1280, problems: [] })
  })
})
