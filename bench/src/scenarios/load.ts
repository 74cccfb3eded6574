import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeOciArchive } from '@knest/testing/oci-archive'
import { hostContainer } from '../nodes.js'
import { run } from '../run.js'
import type { Knest } from '../knest.js'
import type { Scenario } from './scenario.js'

const image = 'localhost/knest/bench:1'
/** 1 GiB. */
const layerCount = 8
const layerBytes = 128 * 1024 * 1024

/** A large image into three nodes at once, and a node that comes afterwards. */
export const load: Scenario = {
  figures: [
    ...(['load-1GiB', 'import-1GiB', 'load-to-import', 'load-memory', 'load-copies'] as const),
    ...(['add-third-worker', 'add-worker-loaded', 'loaded-to-plain'] as const),
  ],
  run: ({ cluster, knest }) =>
    withArchive(async (archive) => {
      const imported = await importOnHost(archive)
      await knest.remove(cluster)
      await knest.create(cluster, 1, 2)
      const plain = await knest.run('scale', cluster, '1:3')
      await knest.run('scale', cluster, '1:2')
      const before = await diskMiB(knest, cluster)
      const loaded = await knest.watched('load', cluster, archive)
      const taken = (await diskMiB(knest, cluster)) - before
      const added = await knest.run('scale', cluster, '1:3')
      await knest.remove(cluster)
      return {
        'load-1GiB': loaded.seconds,
        'import-1GiB': imported,
        'load-to-import': loaded.seconds / imported,
        'load-memory': loaded.peakMiB,
        'load-copies': (taken * 1024 * 1024) / (layerCount * layerBytes),
        'add-third-worker': plain,
        'add-worker-loaded': added,
        'loaded-to-plain': added / plain,
      }
    }),
}

/** What containerd of the three nodes has on their disks, and what they share on that of the host. */
async function diskMiB(knest: Knest, cluster: string): Promise<number> {
  const size = async (node: string, folder: string): Promise<number> =>
    parseInt(await knest.output('ssh', cluster, node, '--', 'du', '-sxm', folder), 10)
  const own = ['cp-0', 'worker-0', 'worker-1'].map((node) => size(node, '/var/lib/containerd'))
  const sizes = await Promise.all([...own, size('cp-0', '/knest/images')])
  return sizes.reduce((sum, each) => sum + each, 0)
}

/** What one containerd needs for it, on the disk that the nodes are on too. Seconds. */
async function importOnHost(archive: string): Promise<number> {
  const ctr = `podman exec -i ${hostContainer} ctr --namespace knest-bench`
  try {
    return (await run('sh', ['-c', `${ctr} images import - <"$0"`, archive])).seconds
  } finally {
    await run('sh', ['-c', `${ctr} images rm --sync ${image}; ${ctr} namespaces rm knest-bench`])
  }
}

async function withArchive<T>(work: (archive: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'knest-bench-image-'))
  try {
    const archive = join(folder, 'image.tar')
    writeOciArchive(archive, { name: image, layers: layers(join(folder, 'layer')) })
    return await work(archive)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The same folder again and again, each time with another file that does not compress. */
function* layers(folder: string): Generator<string> {
  mkdirSync(folder)
  for (let index = 0; index < layerCount; index++) {
    const file = join(folder, `file-${index}`)
    writeFileSync(file, randomBytes(layerBytes))
    yield folder
    rmSync(file)
  }
}
