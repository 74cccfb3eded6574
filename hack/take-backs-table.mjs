// Mends of ways to lose a cluster. Each has a patch that takes it back in packages/testing/src/world/take-backs, and
// a scripted test that fails then; `world`: a seed of the simulated world is looked for, too.
const operations = 'packages/testing/src/operations'

export const takeBacks = [
  {
    name: 'root-kept',
    mend: 'A persistent pod node keeps its whole root, as a machine does',
    test: { file: 'images/node/init', go: 'TestWhatIsWrittenAnywhereIsThereAtTheNextStart' },
  },
  {
    name: 'stand-ins-found',
    mend: "A node image's layer whose import was cut off is found at the next start",
    test: { file: 'images/node/init', go: 'TestStandInsAreFoundByTheirMarkers' },
  },
  {
    name: 'claim-alone',
    mend: 'A node of which only the claim is left is made again on its disk',
    world: true,
    test: { file: 'packages/core/src/health/assess.test.ts' },
  },
  {
    name: 'members-by-etcd',
    mend: "Control planes leave etcd by etcd's own list, whatever Node objects there are",
    world: true,
    test: { file: `${operations}/control-planes.test.ts` },
  },
  {
    name: 'stale-members',
    mend: 'Members of etcd that nobody stands behind are removed',
    world: true,
    test: { file: 'packages/core/src/plan/leaving.test.ts' },
  },
  {
    name: 'etcd-asked',
    mend: 'etcd is asked before a dead control plane is taken away',
    world: true,
    test: { file: 'packages/core/src/health/decide.test.ts' },
  },
  {
    name: 'heal-goes-on',
    mend: 'heal goes on with an upgrade that was cut off between image and configuration',
    world: true,
    test: { file: `${operations}/interrupted-upgrade.test.ts` },
  },
  {
    name: 'image-asked',
    mend: 'An image is asked for its version before nodes get it',
    test: { file: `${operations}/wrong-image.test.ts` },
  },
  {
    name: 'half-way-refused',
    mend: 'A version declared half-way to another is refused',
    world: true,
    test: { file: `${operations}/interrupted-upgrade.test.ts` },
  },
  {
    name: 'authorities-stay',
    mend: 'Authorities are never made anew for a cluster that is set up',
    world: true,
    test: { file: `${operations}/lost-authorities.test.ts` },
  },
  {
    name: 'others-kept',
    mend: 'delete without a record removes only what knest made for one',
    test: { file: `${operations}/remove-objects.test.ts` },
  },
  {
    name: 'healthy-kept',
    mend: 'Scaling down keeps the healthy nodes',
    world: true,
    test: { file: 'packages/core/src/plan/leaving.test.ts' },
  },
]
