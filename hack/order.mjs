// The order of test files for vitest: as it has them, but those that are left out first where time is short go last.
import { basename } from 'node:path'
import { BaseSequencer } from 'vitest/node'

/** Long ones, and then those whose matter others meet, too: the README, other files, or the same with other nodes. */
const last = [
  ...['stories', 'kubernetes-settings', 'full-disk', 'certificates', 'pause', 'render', 'bad-input'],
  ...['package', 'kind-files', 'registries', 'docker', 'upstream-examples'],
  ...['hostile', 'load-balancers', 'addresses', 'examples'],
]

export default class Order extends BaseSequencer {
  async sort(files) {
    const place = (file) => last.indexOf(basename(file.moduleId, '.test.ts'))
    const group = (file) => file.project.config.sequence.groupOrder
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => group(a) - group(b) || place(a) - place(b))
  }
}
