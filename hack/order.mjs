// The order of test files for vitest: as it has them, but what every run must have goes first, and those that are left out
// first where time is short go last.
import { basename } from 'node:path'
import { BaseSequencer } from 'vitest/node'

/** Nothing else upgrades a cluster in a run that is not long. */
const first = ['upgrade-sole']
/** Long ones, and then those whose matter others meet, too: the README, other files, or the same with other nodes. */
const last = [
  ...['stories', 'kubernetes-settings', 'full-disk', 'certificates', 'pause', 'render', 'bad-input'],
  ...['package', 'kind-files', 'registries', 'docker', 'upstream-examples'],
  ...['hostile', 'load-balancers', 'addresses', 'examples'],
]

export default class Order extends BaseSequencer {
  async sort(files) {
    const nameOf = (file) => basename(file.moduleId, '.test.ts')
    const place = (file) => (first.includes(nameOf(file)) ? -2 : last.indexOf(nameOf(file)))
    const group = (file) => file.project.config.sequence.groupOrder
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => group(a) - group(b) || place(a) - place(b))
  }
}
