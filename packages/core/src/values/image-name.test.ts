import { expect, test } from 'vitest'
import { fullImageName, shortImageName } from './image-name.js'

test.each([
  ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['app:dev', 'docker.io/library/app:dev', 'app:dev'],
  ['me/app:1', 'docker.io/me/app:1', 'me/app:1'],
  ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
  ['example.org:5000/app@sha256:abc', 'example.org:5000/app@sha256:abc', 'example.org:5000/app@sha256:abc'],
])('Kubernetes calls %s %s, and a pod may say %s', (image, full, short) => {
  expect(fullImageName(image)).toBe(full)
  expect(shortImageName(full)).toBe(short)
  expect(fullImageName(short)).toBe(full)
})
