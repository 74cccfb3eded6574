import { beforeEach, describe, expect, it } from 'vitest'
import { createEngine, detectEngine, type ContainerEngine } from './engine.js'
import { dockerEndpoint, elsewhere, podmanEndpoint, type EnginePlace } from './endpoint.js'
import { programs, type Programs } from './program.js'
import { hostname, release } from 'node:os'
import { locateHost } from '../host/locate.js'
import { hostRef } from '../host/spec.js'

const { signal } = new AbortController()
const own = { kernel: '6.12.1', hostname: 'here' }
const here: EnginePlace = { kernel: '6.12.1', hostname: 'here', system: 'Debian GNU/Linux 12' }

function context(url: string, name = 'staging'): string {
  return JSON.stringify([{ Name: name, Endpoints: { docker: { Host: url } } }])
}

describe('where docker works', () => {
  it.each<[string, string, Record<string, string>, EnginePlace, RegExp | undefined, string?]>([
    ['its own socket', context('unix:///var/run/docker.sock', 'default'), {}, here, undefined],
    ['a docker that knows no contexts', 'unknown command', {}, here, undefined],
    ['a port of this machine', '', { DOCKER_HOST: 'tcp://127.0.0.1:2375' }, here, undefined],
    ['a port of this machine, not asked yet', '', { DOCKER_HOST: 'tcp://localhost:2375' }, {}, undefined],
    [
      'another machine by ssh',
      context('ssh://root@other', 'default'),
      { DOCKER_HOST: 'ssh://root@other' },
      {},
      /^docker works on another machine \(ssh:\/\/root@other, by DOCKER_HOST\)/,
      "use this machine's own: unset DOCKER_HOST",
    ],
    ['ssh to this very machine', '', { DOCKER_HOST: 'ssh://localhost' }, {}, /another machine/],
    ['another machine by tcp', '', { DOCKER_HOST: 'tcp://other:2376' }, {}, /tcp:\/\/other:2376/],
    ['another by IPv6', '', { DOCKER_HOST: 'tcp://[2001:db8::1]:2376' }, {}, /another machine/],
    [
      'a context',
      context('tcp://192.0.2.1:2376'),
      {},
      {},
      /tcp:\/\/192.0.2.1:2376, by context "staging"/,
      "use this machine's own: docker context use default",
    ],
    [
      'a context by variable',
      context('ssh://other'),
      { DOCKER_CONTEXT: 'staging' },
      {},
      /context "staging"/,
      "use this machine's own: unset DOCKER_CONTEXT",
    ],
    [
      'a tunnel',
      '',
      { DOCKER_HOST: 'tcp://127.0.0.1:2375' },
      { ...here, hostname: 'there' },
      /machine "there"/,
    ],
    [
      'Docker Desktop',
      context('unix:///root/.docker/desktop/docker.sock', 'desktop-linux'),
      {},
      { ...here, system: 'Docker Desktop' },
      /virtual machine of Docker Desktop/,
    ],
    [
      'a virtual machine',
      context('unix:///root/.colima/docker.sock', 'colima'),
      {},
      { ...here, kernel: '6.8.0' },
      /kernel 6\.8\.0/,
    ],
  ])('%s', (_, inspected, env, place, fault, hint) => {
    const found = elsewhere('docker', dockerEndpoint(inspected, env), place, own)
    if (fault === undefined) expect(found).toBeUndefined()
    else expect(found?.message).toMatch(fault)
    if (hint !== undefined) expect(found?.hint).toBe(hint)
  })
})

describe('where podman works', () => {
  it.each<[string, Record<string, string>, EnginePlace, RegExp | undefined]>([
    ['by itself', {}, { ...here, isClient: false }, undefined],
    ['a service elsewhere', { CONTAINER_HOST: 'ssh://other/run/podman.sock' }, {}, /another machine.*ssh:/],
    [
      'a service here',
      { CONTAINER_HOST: 'unix:///run/podman/podman.sock' },
      {},
      /by a service.*CONTAINER_HO/,
    ],
    ['a connection', { CONTAINER_CONNECTION: 'podman-machine-default' }, {}, /podman-machine-default/],
    ['podman machine by its settings', {}, { isClient: true }, /podman machine/],
  ])('%s', (_, env, place, fault) => {
    const found = elsewhere('podman', podmanEndpoint(env), place, own)
    if (fault === undefined) expect(found).toBeUndefined()
    else expect(found?.message).toMatch(fault)
  })
})

describe('an engine elsewhere', () => {
  const calls: string[][] = []
  beforeEach(() => calls.splice(0))

  function docker(info: object, env: Readonly<Record<string, string>>): ContainerEngine {
    const runner: Programs = {
      ...programs,
      run: (argv) => {
        calls.push(argv.slice(1))
        const stdout = argv[1] === 'info' ? JSON.stringify({ ServerVersion: '28.2.2', ...info }) : '[]'
        return Promise.resolve({ exitCode: 0, stdout, stderr: '' })
      },
    }
    return createEngine('docker', runner, true, env)
  }

  it('is refused before it is asked for anything', async () => {
    const remote = docker({}, { DOCKER_HOST: 'ssh://other' })
    await expect(detectEngine([remote], signal)).rejects.toMatchObject({
      code: 'prerequisite',
      message: expect.stringContaining('ssh://other') as string,
      hint: "use this machine's own: unset DOCKER_HOST",
    })
    // No host there is shown, started or removed either.
    await expect(locateHost([remote], hostRef('knest-host'), signal)).rejects.toThrow(/ssh:\/\/other/)
    expect(calls.filter(([command]) => command !== 'context')).toEqual([])
  })

  it('is refused by what it says of itself', async () => {
    await expect(docker({ KernelVersion: '0.0.1' }, {}).facts(signal)).rejects.toThrow(/kernel 0\.0\.1/)
    await expect(
      docker({ KernelVersion: release(), Name: hostname() }, {}).facts(signal),
    ).resolves.toMatchObject({ version: '28.2.2' })
  })
})

describe("podman's command for services alone", () => {
  it('is known by what it does not know', async () => {
    const runner: Programs = {
      ...programs,
      run: () =>
        Promise.resolve({ exitCode: 125, stdout: '', stderr: 'Error: unknown flag: --cgroup-manager' }),
    }
    await expect(createEngine('podman', runner, false, {}).facts(signal)).rejects.toThrow(/podman machine/)
  })
})
