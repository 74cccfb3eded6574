import { describe, expect, it } from 'vitest'
import { parseIpRoutes, parseKernelRoutes } from './machine-network.js'
import { balancerRange, controlPlaneAddress, networkArguments, workerAddress } from './network.js'
import { checkSubnet, chooseSubnet } from './subnet.js'

const kernelRoutes = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
cni-podman0\t0000580A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`

describe('routes of the machine', () => {
  it('as the kernel prints them', () => {
    expect(parseKernelRoutes(kernelRoutes)).toEqual({
      routes: [
        { cidr: '10.88.0.0/16', usedBy: 'route of this machine (cni-podman0)' },
        { cidr: '192.0.2.0/24', usedBy: 'route of this machine (eth0)' },
      ],
      waysOut: ['eth0'],
    })
    expect(parseKernelRoutes('')).toEqual({ routes: [], waysOut: [] })
  })

  it('as ip prints them: other tables too, but no local addresses', () => {
    const routes = [
      { dst: 'default', dev: 'eth0' },
      { dst: '10.88.0.0/16', dev: 'cni0' },
      { dst: '100.64.0.9', dev: 'tailscale0', table: '52' },
      { type: 'local', dst: '10.88.0.1', dev: 'cni0', table: 'local' },
      { type: 'broadcast', dst: '10.88.255.255', dev: 'cni0' },
    ]
    expect(parseIpRoutes(JSON.stringify(routes)).routes.map(({ cidr }) => cidr)).toEqual([
      '10.88.0.0/16',
      '100.64.0.9/32',
    ])
  })

  it('by which a VPN takes everything, or all but what is private, are no networks', () => {
    const tunnel = ['0.0.0.0/1', '128.0.0.0/1', '0.0.0.0/5', '8.0.0.0/7', '240.0.0.0/4'].map((dst) => ({
      dst,
      dev: 'tun0',
    }))
    const routes = [{ dst: 'default', dev: 'eth0' }, ...tunnel, { dst: '10.0.0.0/8', dev: 'tun0' }]
    expect(parseIpRoutes(JSON.stringify(routes))).toEqual({
      routes: [{ cidr: '10.0.0.0/8', usedBy: 'route of this machine (tun0)' }],
      // Packets may leave by either: the smaller MTU counts.
      waysOut: ['eth0', 'tun0'],
    })
    const kernel = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
tun0\t00000000\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0
tun0\t00000080\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
`
    expect(parseKernelRoutes(kernel)).toEqual({ routes: [], waysOut: ['tun0', 'eth0'] })
  })
})

describe('chooseSubnet', () => {
  const used = (...cidrs: string[]) => cidrs.map((cidr) => ({ cidr, usedBy: 'test' }))

  it.each([
    [used(), [], '10.199.0.0/24'],
    [used('10.199.0.0/24'), [], '10.199.1.0/24'],
    [used('10.199.0.0/16'), [], '10.198.0.0/24'],
    [used(), ['10.199.0.0/16', '10.198.0.0/16'], '172.31.0.0/24'],
    [used('10.0.0.0/8'), [], '172.31.0.0/24'],
    [used('10.0.0.0/8', '172.16.0.0/12'), [], '192.168.0.0/24'],
    [used('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'), [], '100.74.0.0/24'],
  ])('%j, cluster %j: %s', (occupied, own, expected) => {
    expect(chooseSubnet(occupied, own)).toBe(expected)
  })

  it('says so when nothing is free', () => {
    expect(() => chooseSubnet(used('0.0.0.0/1', '128.0.0.0/1'), [])).toThrow(/no free address range/)
  })
})

describe('a subnet that is asked for', () => {
  const occupied = [{ cidr: '10.0.0.0/9', usedBy: 'route of this machine (tun0)' }]

  it.each<[string, RegExp | undefined, string?]>([
    ['10.199.7.0/24', undefined],
    ['198.18.4.0/22', undefined],
    ['10.199.7.0/25', /too small/, 'config'],
    ['203.0.113.0/24', /is not private/, 'config'],
    ['172.0.0.0/8', /is not private/, 'config'],
    ['10.199.7.1/24', /host bits/, 'config'],
    ['10.199.7', /./, 'config'],
    ['10.1.0.0/24', /overlaps 10\.0\.0\.0\/9, route of this machine \(tun0\)/, 'prerequisite'],
    ['10.244.7.0/24', /overlaps 10\.244\.0\.0\/16, which the host's pods or Services have/, 'config'],
  ])('%s', (subnet, fault, code) => {
    const check = () => checkSubnet(subnet, occupied, ['10.244.0.0/16', '10.128.0.0/12'])
    if (fault === undefined) expect(check).not.toThrow()
    else
      expect(check).toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(fault) as string }) as Error,
      )
  })
})

describe('the network of a host', () => {
  const ref = { name: 'a', namespace: 'embedded' }

  it('has a range and an MTU, and in podman no names', () => {
    expect(networkArguments('podman', ref, '10.199.0.0/24', 1400).join(' ')).toBe(
      '--subnet 10.199.0.0/24 --gateway 10.199.0.1 --opt mtu=1400 --ip-range 10.199.0.0/25 --disable-dns --label knest.dev/cluster=a --label knest.dev/namespace=embedded --label app.kubernetes.io/managed-by=knest a',
    )
    expect(networkArguments('docker', ref, '10.199.0.0/24', 1400).join(' ')).toContain(
      '--opt com.docker.network.driver.mtu=1400 --ip-range 10.199.0.0/25 --label',
    )
  })

  it('gives control planes their address by number and workers what is free', () => {
    expect(controlPlaneAddress('10.199.0.0/24', 'a-cp-2')).toBe('10.199.0.12')
    expect(workerAddress('10.199.0.0/24', ['10.199.0.30', undefined])).toBe('10.199.0.31')
  })

  it.each(['10.199.0.10', '10.199.0.127'])(
    'has addresses for load balancers that no node gets: %s',
    (address) => {
      expect(balancerRange(address)).toBe('10.199.0.128/25')
      const nodes = Array.from({ length: 98 }, (_, index) => `10.199.0.${30 + index}`)
      expect(() => workerAddress('10.199.0.0/24', nodes)).toThrow('has no address left')
    },
  )
})
