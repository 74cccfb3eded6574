// Creates a cluster of one control plane, looks at it and deletes it: node cluster.ts [CONTEXT] [NAME]
import { clusterRef, openHost, runOptions } from 'knest'
import { resolveSpec } from 'knest/spec'

const [context = 'knest-host', name = 'example-sdk'] = process.argv.slice(2)
await using host = await openHost({ context })
const { clusters } = host
const cluster = clusterRef(name)
const run = runOptions({ timeoutMs: 10 * 60_000 })

try {
  const { reachable } = await clusters.create(cluster, resolveSpec({ workers: [{ count: 0 }] }), run)
  console.log(`created on ${host.description}, reachable from here: ${reachable}`)

  const { phase, nodes } = await clusters.status(cluster, AbortSignal.timeout(60_000))
  console.log(`${phase}: ${nodes.map(({ name }) => name).join(', ')}`)
} finally {
  await clusters.delete(cluster, { ...run, keepData: false })
}
console.log((await clusters.list(cluster.namespace, run.signal)).length, 'clusters are left')
