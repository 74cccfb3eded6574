import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KnestError } from 'knest'
import { beforeEach, describe, expect, test } from 'vitest'
import { controllerImage } from 'knest'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal

beforeEach(async () => {
  terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-controller-')))
})

describe('host install controller', () => {
  test('installs the image of this version, or another one', async () => {
    expect(await terminal.run('host', 'install', 'controller')).toBe(0)
    expect(await terminal.run('host', 'install', 'controller', '--image', 'r.example/c:1')).toBe(0)
    expect(terminal.controller.calls).toEqual([`install ${controllerImage}`, 'install r.example/c:1'])
    expect(terminal.out).toContain('the controller is installed on context "fake"\n')
  })

  test('has the rights of all namespaces only when they are asked for', async () => {
    expect(await terminal.run('host', 'install', 'controller', '--all-namespaces')).toBe(0)
    expect(terminal.controller.calls).toEqual([`install ${controllerImage} for all namespaces`])
    expect(await terminal.run('host', 'install', 'kubevirt', '--all-namespaces')).toBe(2)
    expect(terminal.err).toContain('--all-namespaces has no meaning for kubevirt')
  })

  test('refuses flags of KubeVirt, and KubeVirt those of the controller', async () => {
    expect(await terminal.run('host', 'install', 'controller', '--emulation')).toBe(2)
    expect(await terminal.run('host', 'install', 'kubevirt', '--image', 'x')).toBe(2)
    expect(terminal.err).toContain('--emulation has no meaning for controller')
    expect(terminal.controller.calls).toEqual([])
  })

  test('is taken away again', async () => {
    expect(await terminal.run('host', 'uninstall', 'controller')).toBe(0)
    expect(terminal.controller.calls).toEqual(['uninstall'])
  })
})

describe('a controller that comes with a cluster', () => {
  test('comes where there is none, unless it is not wanted', async () => {
    terminal.controller.found = undefined
    expect(await terminal.run('create', 'a', '--no-controller')).toBe(0)
    expect(terminal.controller.calls).toEqual([])
    expect(await terminal.run('create', 'b')).toBe(0)
    expect(terminal.controller.calls).toEqual([`bring ${controllerImage}`])
  })

  test('is there, and may work, before a node of a cluster with an end is', async () => {
    terminal.controller.found = undefined
    expect(await terminal.run('create', 'a', '--ttl', '2h')).toBe(0)
    expect(terminal.controller.calls[0]).toBe(`bring ${controllerImage}`)
    expect(terminal.controller.bound).toContain('knest-a/a')
    expect(terminal.clusters.lastSpec?.ttl).toBe('2h')
  })

  test('may work before a cluster with an end is there', async () => {
    terminal.controller.bindFault = new KnestError('not-permitted', 'you may not create rolebindings')
    expect(await terminal.run('create', 'a', '--ttl', '2h')).not.toBe(0)
    expect(terminal.err).toContain('you may not create rolebindings')
    expect(terminal.out).toBe('')
    expect(await terminal.run('status', 'a')).not.toBe(0)
  })

  test('may work before apply makes a cluster with an end', async () => {
    const file = 'a.yaml'
    const manifest =
      'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: {name: a}\nspec: {ttl: 2h}\n'
    terminal.files.set(file, manifest)
    terminal.controller.bindFault = new KnestError('not-permitted', 'you may not create rolebindings')
    expect(await terminal.run('apply', '-f', file)).not.toBe(0)
    expect(terminal.err).toContain('you may not create rolebindings')
    expect(await terminal.run('status', 'a')).not.toBe(0)
    terminal.controller.bindFault = undefined
    expect(await terminal.run('apply', '-f', file)).toBe(0)
    expect(terminal.controller.bound).toContain('knest-a/a')
    terminal.controller.found = undefined
    expect(await terminal.run('apply', '-f', file, '--no-controller')).toBe(3)
  })

  test('must be there for a cluster with an end: nothing is made without', async () => {
    terminal.controller.found = undefined
    terminal.clusters.pods.add('default/job')
    expect(await terminal.run('create', 'a', '--delete-with', 'pod/job', '--no-controller')).toBe(3)
    expect(terminal.err).toContain('leave --no-controller out, or --delete-with')
    expect(await terminal.run('create', 'a', '--ttl', '2h', '--no-controller')).toBe(3)
    expect(terminal.err).toContain('the host has no controller that would delete it')
    expect(terminal.clusters.changes).toEqual([])
    terminal.controller.fault = new KnestError('not-permitted', 'you may not')
    expect(await terminal.run('create', 'a', '--ttl', '2h')).not.toBe(0)
    expect(terminal.clusters.changes).toEqual([])
  })

  test('comes with a cluster that apply makes, and not with a change', async () => {
    terminal.controller.found = undefined
    const file = 'a.yaml'
    terminal.files.set(file, 'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: {name: a}\n')
    expect(await terminal.run('apply', '-f', file, '--no-controller')).toBe(0)
    expect(terminal.controller.calls).toEqual([])
    expect(await terminal.run('apply', '-f', file)).toBe(0)
    expect(terminal.controller.calls).toEqual([])
    await terminal.run('delete', 'a')
    expect(await terminal.run('apply', '-f', file)).toBe(0)
    expect(terminal.controller.calls).toEqual(['dismiss knest-a/a', `bring ${controllerImage}`])
  })

  test('is left as it is where there is one', async () => {
    expect(await terminal.run('create', 'a')).toBe(0)
    expect(terminal.controller.calls).toEqual([])
  })

  test('is no reason for a create to fail', async () => {
    terminal.controller.found = undefined
    terminal.controller.fault = new KnestError('not-permitted', 'you may not create clusterroles')
    expect(await terminal.run('create', 'a')).toBe(0)
    expect(terminal.err).toContain('no controller looks after this cluster: you may not create clusterroles')
  })

  test('is bound to each cluster, whether it was there or not and whoever brought it', async () => {
    expect(await terminal.run('create', 'a')).toBe(0)
    expect(await terminal.run('create', 'b', '--no-controller')).toBe(0)
    terminal.files.set('a.yaml', 'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: {name: a}\n')
    expect(await terminal.run('apply', '-f', 'a.yaml')).toBe(0)
    expect(terminal.controller.bound).toEqual(['knest-a/a', 'knest-b/b', 'knest-a/a'])
    terminal.controller.found = undefined
    expect(await terminal.run('create', 'c', '--no-controller')).toBe(0)
    expect(terminal.controller.bound).toHaveLength(3)
    expect(await terminal.run('create', 'd')).toBe(0)
    expect(terminal.controller.bound.at(-1)).toBe('knest-d/d')
  })

  test('is not bound by who may not bind roles: one note says so, and what to do', async () => {
    terminal.controller.bindFault = new KnestError('not-permitted', 'you may not create rolebindings')
    expect(await terminal.run('create', 'a')).toBe(0)
    expect(
      terminal.err.match(/does not look after this cluster: you may not create rolebindings/g),
    ).toHaveLength(1)
    expect(terminal.err).toContain('`knest host install controller`')
    terminal.err = ''
    expect(await terminal.run('create', 'b', '--no-controller')).toBe(0)
    expect(terminal.err).not.toContain('rolebindings')
  })

  test('is told of each cluster that goes, and need not let it be touched', async () => {
    await terminal.run('create', 'a')
    expect(await terminal.run('delete', 'a')).toBe(0)
    expect(terminal.controller.calls).toEqual(['dismiss knest-a/a'])
    await terminal.run('create', 'b')
    terminal.controller.fault = new KnestError('not-permitted', 'you may not list nestedclusters')
    expect(await terminal.run('delete', 'b')).toBe(0)
  })
})

describe('heal', () => {
  test('says what was done', async () => {
    await terminal.run('create', 'a')
    terminal.clusters.healReport = {
      phase: 'Ready',
      actions: [{ type: 'Normal', reason: 'NodeReplaced', message: 'node "a-worker-0" was replaced' }],
      nodes: [{ name: 'a-worker-0', role: 'worker', health: 'dead' }],
      nextAt: undefined,
    }
    terminal.out = ''
    expect(await terminal.run('heal', 'a')).toBe(0)
    expect(terminal.err).toContain('node "a-worker-0" was replaced\n')
    expect(terminal.out).toBe('cluster "a" healed\n')
  })

  test('prints it for programs', async () => {
    await terminal.run('create', 'a')
    terminal.out = ''
    expect(await terminal.run('heal', 'a', '-o', 'json')).toBe(0)
    expect(JSON.parse(terminal.out)).toEqual({ name: 'a', phase: 'Ready', actions: [], nodes: [] })
  })
})

test('the controller works on the port that it is given', async () => {
  expect(await terminal.run('controller', '--port', '9090')).toBe(0)
  expect(terminal.controller.calls).toEqual(['work on port 9090'])
})

test.each(['99999999', '65536', '-1'])('--port %s is refused before the host is asked', async (port) => {
  expect(await terminal.run('controller', `--port=${port}`)).toBe(2)
  expect(terminal.err).toBe(`error: --port ${port} is no port\nhint: use a number from 0 to 65535\n`)
  expect(terminal.opened).toEqual([])
})

test('a port that is taken is no bug', async () => {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  terminal.controller.work = async (options) => {
    await once(createServer().listen(options.port), 'listening')
  }
  expect(await terminal.run('controller', '--port', String(port))).toBe(3)
  expect(terminal.err).toMatch(
    /^error: port \d+ of this machine cannot be listened on: .*EADDRINUSE.*\nhint: .*--port\n$/,
  )
  server.close()
})
