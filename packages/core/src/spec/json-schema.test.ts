import { expect, test } from 'vitest'
import { clusterFileJsonSchema } from './json-schema.js'

test('names kind, version and every field of a cluster file, and no others are allowed', () => {
  expect(clusterFileJsonSchema()).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    required: ['apiVersion', 'kind'],
    properties: {
      apiVersion: { const: 'knest.dev/v1alpha1' },
      kind: { const: 'NestedCluster' },
      metadata: { type: 'object' },
      spec: {
        additionalProperties: false,
        properties: {
          controlPlane: {
            properties: { count: { type: 'integer' }, backend: { enum: ['pod', 'vm', 'container'] } },
          },
          workers: { items: { properties: { taints: { type: 'array' } } } },
        },
      },
    },
  })
})
