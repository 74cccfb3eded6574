import { expect, test } from 'vitest'
import { specDefaults } from '@knest/core'
import { hostSpec } from './spec.js'

test.each([
  ['example.test/node:v1.36.0', '1.36.0'],
  ['example.test:5000/node:v1.35.5-rc.1', '1.35.5-rc.1'],
  [`example.test/node:v1.36.0@sha256:${'0'.repeat(64)}`, '1.36.0'],
  ['example.test/node:latest', specDefaults.defaultKubernetesVersion],
  ['example.test/node:1.36.0', specDefaults.defaultKubernetesVersion],
  ['example.test/node:v1.36', specDefaults.defaultKubernetesVersion],
  ['example.test:5000/node', specDefaults.defaultKubernetesVersion],
  [undefined, specDefaults.defaultKubernetesVersion],
])('a host of image %s has Kubernetes %s', (image, version) => {
  expect(hostSpec(image, []).kubernetesVersion).toBe(version)
})

test('a host has the mirrors that it was told of', () => {
  const registries = [{ host: 'docker.io', mirrors: ['http://mirror:5000'] }]
  expect(hostSpec(undefined, [], {}, registries).registries).toEqual(registries)
  expect(hostSpec(undefined, [])).not.toHaveProperty('registries')
})
