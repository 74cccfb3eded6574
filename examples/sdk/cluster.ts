// Creates a cluster of one control plane, looks into it and removes it again.
import { clusterRef, openHost, runOptions } from 'knest'
import { resolveSpec } from 'knest/spec'

await using host = await openHost({ context: 'knest-host' })
const { clusters } = host
const cluster = clusterRef('example-sdk')
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
