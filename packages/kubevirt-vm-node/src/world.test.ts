import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeNodeBackend } from '@knest/testing'
import { openWorld } from '@knest/testing/world'
import { describe } from 'vitest'
import { createVmNodeBackend } from './backend.js'
import { startFakeSshServer, type FakeSshServer } from './fake-ssh-server.js'
import { sampleNode } from './sample-node.js'

describe.each<[string, Parameters<typeof openWorld>, boolean]>([
  ['a disk of its own from CDI', ['kubevirt', 'cdi'], true],
  ['the disk of its image', ['kubevirt'], false],
])('with %s', (what, extras, persistent) => {
  describeNodeBackend(`the VM backend on the simulated host with ${what}`, async () => {
    const { api, world, serveGuests, close } = openWorld(...extras)
    const clusterUid = makeRecord(world.cluster.store)
    const programs = await mkdtemp(join(tmpdir(), 'knest-world-vm-'))
    await writeFile(join(programs, 'knest-init'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    const env = { PATH: `${programs}:${process.env.PATH ?? ''}` }
    const servers: FakeSshServer[] = []
    // The suite runs programs, which the world does not have.
    serveGuests((stream, keys) => {
      void startFakeSshServer({ ...keys, env }).then((server) => {
        servers.push(server)
        const socket = connect(server.port, '127.0.0.1')
        socket.on('error', () => stream.destroy())
        stream.pipe(socket).pipe(stream)
      })
    })
    return {
      backend: createVmNodeBackend(api, { jobsFolder: join(programs, 'jobs') }),
      node: { ...sampleNode, clusterUid, persistent },
      cleanUp: async () => {
        api.close()
        await close()
        await Promise.all(servers.map((server) => server.close()))
        await rm(programs, { recursive: true, force: true })
      },
    }
  })
})

/** What owns the node's objects: the host takes away what nobody owns. Gives its uid. */
function makeRecord(store: ReturnType<typeof openWorld>['world']['cluster']['store']): string {
  const admin = { name: 'admin', isKnest: false }
  const { name, namespace } = sampleNode.cluster
  const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
  store.create(admin, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  store.create(admin, { ...crd, metadata: { name: 'nestedclusters.knest.dev' } })
  const record = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster', metadata: { name, namespace } }
  return store.create(admin, record).metadata.uid ?? ''
}
