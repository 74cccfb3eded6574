import { z } from 'zod'
import { clusterApiVersion, clusterKind } from './parse-file.js'
import { withOldSpellings } from './old-spellings.js'
import { clusterFileSchema } from './schema.js'

/** JSON Schema (draft 2020-12) of a file that `create --from` and `apply` take: what the parser itself checks. */
export function clusterFileJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(clusterFileSchema, { io: 'input' })
  const spec = schema.properties?.spec
  return {
    ...schema,
    title: `knest ${clusterKind}`,
    required: ['apiVersion', 'kind'],
    properties: {
      ...schema.properties,
      ...(typeof spec === 'object' ? { spec: withOldSpellings(spec) } : {}),
      apiVersion: { const: clusterApiVersion },
      kind: { const: clusterKind },
    },
  }
}
