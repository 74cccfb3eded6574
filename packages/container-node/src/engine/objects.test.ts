import { describe, expect, it } from 'vitest'
import { createEngine } from './engine.js'
import { inspectObject, parseContainer, parseImage, parseNetwork, removeObjects } from './objects.js'
import { isEngineFault } from '../node/handle.js'
import { programs, type Programs } from './program.js'

const { signal } = new AbortController()

describe('what engines print', () => {
  it('of containers', () => {
    const value = {
      Name: '/a-cp-0',
      Image: 'sha256:abc',
      State: { Status: 'running', ExitCode: 0, StartedAt: '2026-01-01T00:00:00Z' },
      Config: { Image: 'localhost/knest/node:v1', Labels: { x: 'y' } },
      NetworkSettings: { Networks: { a: { IPAddress: '10.199.0.10' } } },
    }
    expect(parseContainer(value)).toEqual({
      name: 'a-cp-0',
      state: 'running',
      exitCode: 0,
      startedAt: '2026-01-01T00:00:00Z',
      image: 'localhost/knest/node:v1',
      imageId: 'abc',
      labels: { x: 'y' },
      ip: '10.199.0.10',
    })
    const stopped = { ...value, NetworkSettings: { Networks: { a: { IPAddress: '' } } } }
    expect(parseContainer(stopped).ip).toBeUndefined()
  })

  it('of networks: podman in lower case, docker in capitals', () => {
    expect(parseNetwork({ name: 'a', subnets: [{ subnet: '10.1.0.0/24' }], labels: { x: 'y' } })).toEqual({
      name: 'a',
      subnets: ['10.1.0.0/24'],
      labels: { x: 'y' },
    })
    const docker = {
      Name: 'b',
      IPAM: { Config: [{ Subnet: 'fd00::/64' }, { Subnet: '10.2.0.0/24' }] },
      Labels: null,
    }
    expect(parseNetwork(docker)).toEqual({ name: 'b', subnets: ['10.2.0.0/24'], labels: {} })
  })

  it('of networks: podman before 4.0 as a file of the CNI', () => {
    const cni = {
      args: { podman_labels: { 'knest.dev/cluster': 'a' } },
      cniVersion: '0.4.0',
      name: 'a',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni-podman1',
          ipam: {
            type: 'host-local',
            ranges: [[{ subnet: '10.3.0.0/24', gateway: '10.3.0.1' }], [{ subnet: 'fd00::/64' }]],
            routes: [{ dst: '0.0.0.0/0' }],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    }
    expect(parseNetwork(cni)).toEqual({
      name: 'a',
      subnets: ['10.3.0.0/24'],
      labels: { 'knest.dev/cluster': 'a' },
    })
    expect(parseNetwork({ cniVersion: '0.4.0', name: 'b', plugins: [{ type: 'macvlan' }] })).toEqual({
      name: 'b',
      subnets: [],
      labels: {},
    })
  })

  it.each([
    ['one layer', { Name: 'overlay', Data: { UpperDir: '/s/diff' } }, '/s/diff'],
    ['several', { Name: 'overlay2', Data: { UpperDir: '/s/diff', LowerDir: '/t' } }, undefined],
    ['another store', { Name: 'overlayfs', Data: null }, undefined],
    ['no store told', undefined, undefined],
  ])('of images: %s', (_title, GraphDriver, layer) => {
    expect(parseImage({ Id: 'sha256:abc', GraphDriver })).toEqual({ id: 'abc', layer })
  })
})

describe('inspectObject', () => {
  const asked = (stderr: string): Promise<unknown> => {
    const runner: Programs = {
      ...programs,
      run: () => Promise.resolve({ exitCode: 1, stdout: '[]', stderr }),
    }
    return inspectObject(createEngine('docker', runner), 'container', 'a', signal)
  }

  it.each([
    'Error: inspecting object: no such container a',
    'Error: inspecting object: a: image not known',
    'Error: inspecting object: network a: unable to find network with name or ID a: network not found',
    'Error response from daemon: No such container: a',
    'Error response from daemon: network a not found',
    'Error response from daemon: get a: no such volume',
  ])('takes %j for absent', async (stderr) => {
    expect(await asked(stderr)).toBeUndefined()
  })

  it('takes a daemon that does not answer for a fault', async () => {
    await expect(
      asked('Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?'),
    ).rejects.toMatchObject({
      code: 'prerequisite',
    })
  })
})

describe('removeObjects', () => {
  const calls: string[][] = []

  async function remove(stderrOf: (args: readonly string[]) => string): Promise<void> {
    calls.splice(0)
    const runner: Programs = {
      ...programs,
      run: (argv) => {
        calls.push(argv.slice(1))
        const stderr = stderrOf(argv)
        return Promise.resolve({ exitCode: stderr === '' ? 0 : 125, stdout: '', stderr })
      },
    }
    await removeObjects(createEngine('podman', runner, true, {}), 'container', ['a'], signal)
  }

  it('does without the grace time that podman before 4.0 does not know', async () => {
    await remove((argv) => (argv.includes('--time') ? 'Error: unknown flag: --time' : ''))
    expect(calls.at(-1)).toEqual(['container', 'rm', '--force', '--volumes', 'a'])
  })

  it('takes an absent one for removed, and tells what else is wrong', async () => {
    await remove(() => 'Error: no container with name or ID a found: no such container')
    await expect(remove(() => 'Error: device busy')).rejects.toThrow(/remove container "a": device busy/)
    expect(calls).toHaveLength(1)
  })
})

describe('isEngineFault', () => {
  it.each([
    ['podman', 125, 'Error: no container with name or ID "a" found: no such container', true],
    [
      'podman',
      255,
      'Error: can only create exec sessions on running containers: container state improper',
      true,
    ],
    ['podman', 255, 'Error: OCI runtime error: runc: exec failed: cannot exec in a stopped container', true],
    ['podman', 127, 'Error: executable file not found in $PATH', false],
    ['podman', 1, 'Error: from the command', false],
    ['podman', 255, 'ssh: no route', false],
    ['docker', 1, 'Error response from daemon: container a is not running', true],
    ['docker', 1, 'Error: No such container: a', true],
    [
      'docker',
      1,
      'Cannot connect to the Docker daemon at unix:///d.sock. Is the docker daemon running?',
      true,
    ],
    ['docker', 1, 'read unix @->/run/docker.sock: read: connection reset by peer', true],
    ['docker', 255, '', true],
    ['docker', 255, 'ssh: no route', false],
    ['docker', 1, 'something else', false],
  ] as const)('%s %i %j: %s', (engine, exitCode, stderr, fault) => {
    expect(isEngineFault(engine, { exitCode, stdout: '', stderr })).toBe(fault)
  })
})
