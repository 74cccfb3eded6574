import { describe, expect, it } from 'vitest'
import {
  hasOwnResolvers,
  isStale,
  parseResolvConf,
  readMachineResolvers,
  renderResolvConf,
} from './resolvers.js'

const own = '/etc/resolv.conf'
const resolved = '/run/systemd/resolve/resolv.conf'
const manager = '/run/NetworkManager/no-stub-resolv.conf'

function machine(files: Readonly<Record<string, string>>): (path: string) => Promise<string> {
  return (path) => {
    const text = files[path]
    return text === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(text)
  }
}

describe('the DNS servers of this machine', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['its own', { [own]: 'nameserver 192.0.2.53\n' }, 'nameserver 192.0.2.53\n'],
    [
      'those behind systemd-resolved',
      {
        [own]: 'nameserver 127.0.0.53\noptions edns0\n',
        [resolved]: '# x\nnameserver 10.0.0.1\nsearch corp.example .\n',
      },
      'nameserver 10.0.0.1\nsearch corp.example\n',
    ],
    [
      "those behind NetworkManager's dnsmasq",
      { [own]: 'nameserver 127.0.1.1\n', [manager]: 'nameserver 10.0.0.2\n' },
      'nameserver 10.0.0.2\n',
    ],
    [
      'what a container reaches of them',
      { [own]: 'nameserver ::1\nnameserver fe80::1%eth0\nnameserver 127.0.0.1\nnameserver 10.0.0.3\n' },
      'nameserver 10.0.0.3\n',
    ],
    [
      'not the Services of a cluster around it',
      {
        [own]:
          'search a.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
      },
      'nameserver 10.96.0.10\nsearch cluster.local\noptions ndots:5\n',
    ],
    ['none in an empty file', { [own]: '' }, undefined],
    ['none in no file', {}, undefined],
    ['none but a stub', { [own]: 'nameserver 127.0.0.53\n', [resolved]: '# offline\n' }, undefined],
  ])('%s', async (_, files, expected) => {
    const found = await readMachineResolvers(machine(files))
    expect(found === undefined ? undefined : renderResolvConf(found)).toBe(expected)
  })

  it.each([
    ['[containers]\ndns_servers = ["192.0.2.1"]\n', true],
    ['#dns_servers = []\n', false],
    ['dns_servers = []\n', false],
    ['# dns_servers = ["192.0.2.1"]\n', false],
  ])('%j tells podman which to use: %j', async (text, expected) => {
    expect(await hasOwnResolvers(machine({ '/etc/containers/containers.conf': text }))).toBe(expected)
    expect(await hasOwnResolvers(machine({}))).toBe(false)
  })
})

describe('a node asks', () => {
  const conf = parseResolvConf
  it.each<[string, string, string | undefined, boolean]>([
    ['whom the machine asks', 'nameserver 10.0.0.1\n', 'nameserver 10.0.0.1\noptions edns0\n', false],
    ['whom it reaches of them', 'nameserver 10.0.0.1\nnameserver fd00::1\n', 'nameserver 10.0.0.1\n', false],
    ['a server of another network', 'nameserver 192.0.2.1\n', 'nameserver 10.0.0.1\n', true],
    [
      'in another order',
      'nameserver 10.0.0.2\nnameserver 10.0.0.1\n',
      'nameserver 10.0.0.1\nnameserver 10.0.0.2\n',
      true,
    ],
    ['with other domains', 'nameserver 10.0.0.1\nsearch old.example\n', 'nameserver 10.0.0.1\n', true],
    ['what it asked before the machine lost its network', 'nameserver 10.0.0.1\n', undefined, false],
    [
      'those of a stranger, which podman put there',
      'nameserver 8.8.8.8\nnameserver 8.8.4.4\n',
      undefined,
      true,
    ],
    ['those of a stranger, as the machine does', 'nameserver 8.8.8.8\n', 'nameserver 8.8.8.8\n', false],
    ["docker's own, which pods do not reach", 'nameserver 127.0.0.11\n', undefined, true],
    ['nobody knows whom', '', 'nameserver 10.0.0.1\n', false],
  ])('%s', (_, found, wanted, stale) => {
    expect(isStale(conf(found), wanted === undefined ? undefined : conf(wanted))).toBe(stale)
  })
})
