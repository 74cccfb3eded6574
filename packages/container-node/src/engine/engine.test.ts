import { describe, expect, it } from 'vitest'
import { createEngine, detectEngine, dockerFacts, podmanFacts, type ContainerEngine } from './engine.js'
import type { Programs } from './program.js'
import { programs } from './program.js'

const { signal } = new AbortController()

function engineSaying(name: 'podman' | 'docker', stdout: string, stderr = '', exitCode = 0): ContainerEngine {
  const runner: Programs = { ...programs, run: () => Promise.resolve({ exitCode, stdout, stderr }) }
  return createEngine(name, runner, true, {})
}

const podmanInfo = JSON.stringify({
  host: { cgroupVersion: 'v1', ociRuntime: { name: 'crun' }, security: { rootless: false } },
  store: { graphRoot: '/var/lib/containers/storage' },
  version: { Version: '4.3.1' },
})
const dockerInfo = {
  ServerVersion: '28.2.2',
  CgroupVersion: '2',
  DefaultRuntime: 'runc',
  SecurityOptions: null,
  DockerRootDir: '/var/lib/docker',
}
const noDaemon =
  'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'

describe('facts', () => {
  it('of podman', () => {
    expect(podmanFacts(podmanInfo)).toEqual({
      version: '4.3.1',
      rootful: true,
      cgroupVersion: 1,
      runtime: 'crun',
      storage: '/var/lib/containers/storage',
    })
    expect(podmanFacts('{"host":{"security":{"rootless":true}}}').rootful).toBe(false)
  })

  it('of docker, whose client answers also without a daemon', () => {
    expect(dockerFacts(JSON.stringify(dockerInfo))).toMatchObject({
      version: '28.2.2',
      cgroupVersion: 2,
      rootful: true,
    })
    expect(dockerFacts(JSON.stringify({ ...dockerInfo, SecurityOptions: ['name=rootless'] })).rootful).toBe(
      false,
    )
    expect(() => dockerFacts('{"ServerVersion":""}')).toThrow(/daemon/)
  })
})

describe('detectEngine', () => {
  it('takes the first that works', async () => {
    const docker = engineSaying('docker', JSON.stringify(dockerInfo))
    expect(await detectEngine([engineSaying('podman', '', 'Error: broken', 125), docker], signal)).toBe(
      docker,
    )
  })

  it.each([
    ['3.0.1', true],
    ['2.2.1', true],
    ['3.4.4', false],
    ['3.10.0', false],
    ['5.4.2', false],
    ['6.0.0-dev', false],
    ['unknown', false],
  ])('podman %s is too old: %j', async (Version, isOld) => {
    const podman = engineSaying('podman', JSON.stringify({ version: { Version } }))
    const found = detectEngine([podman], signal)
    if (isOld) await expect(found).rejects.toThrow(`podman ${Version} is too old: 3.4 or later is needed`)
    else expect(await found).toBe(podman)
  })

  it('names what is wrong with each, and how to install one', async () => {
    const rootless = engineSaying('podman', '{"host":{"security":{"rootless":true}}}')
    const failing = detectEngine([rootless, engineSaying('docker', '', 'docker: broken', 1)], signal)
    await expect(failing).rejects.toMatchObject({
      code: 'prerequisite',
      hint: expect.stringContaining('apt-get install podman') as string,
    })
    await expect(failing).rejects.toThrow(/podman runs rootless.*docker does not work: docker: broken/)
  })

  it('says how to start a docker that is installed', async () => {
    await expect(detectEngine([engineSaying('docker', '{}', noDaemon, 1)], signal)).rejects.toMatchObject({
      message: `no container engine can be used: docker does not work: ${noDaemon}`,
      hint: 'start its daemon, as root: systemctl start docker',
    })
  })
})

describe('an engine', () => {
  it('manages cgroups itself where no systemd is', () => {
    expect(createEngine('podman', programs, false).argv(['ps'])).toEqual([
      'podman',
      '--cgroup-manager=cgroupfs',
      'ps',
    ])
    expect(createEngine('podman', programs, true).argv(['ps'])).toEqual(['podman', 'ps'])
    expect(createEngine('docker', programs, false).argv(['ps'])).toEqual(['docker', 'ps'])
  })

  it('says what could not be done, in its own words', async () => {
    const engine = engineSaying('podman', '', 'Error: no space left on device\n', 125)
    await expect(engine.must(['start', 'a'], 'start container "a"', { signal })).rejects.toThrow(
      'podman could not start container "a": no space left on device',
    )
  })
})
