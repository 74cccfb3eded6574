import { describeClusters } from './clusters-contract.js'
import { FakeClusters } from './fake-clusters.js'
import { sampleSpec } from './sample-spec.js'

describeClusters('FakeClusters', () =>
  Promise.resolve({
    clusters: new FakeClusters(),
    ref: { name: 'contract', namespace: 'team' },
    spec: { ...sampleSpec, workers: sampleSpec.workers.map((pool) => ({ ...pool, count: 0 })) },
    cleanUp: () => Promise.resolve(),
  }),
)
