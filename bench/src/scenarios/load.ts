import { hostContainer } from '../nodes.js'
import { withImageArchive } from '../image-archive.js'
import { run } from '../run.js'
import type { Scenario } from './scenario.js'

const image = 'localhost/knest/bench:1'
/** 1 GiB. */
const size = { layers: 8, mibEach: 128 }

/** A large image into three nodes at once, and a node that comes afterwards. */
export const load: Scenario = {
  figures: ['load-1GiB', 'import-1GiB', 'load-to-import', 'load-memory', 'add-worker-loaded'],
  run: ({ cluster, knest }) =>
    withImageArchive(image, size, async (archive) => {
      const imported = await importOnHost(archive)
      await knest.remove(cluster)
      await knest.create(cluster, 1, 2)
      const loaded = await knest.watched('load', cluster, archive)
      const added = await knest.run('scale', cluster, '1:3')
      await knest.remove(cluster)
      return {
        'load-1GiB': loaded.seconds,
        'import-1GiB': imported,
        'load-to-import': loaded.seconds / imported,
        'load-memory': loaded.peakMiB,
        'add-worker-loaded': added,
      }
    }),
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
