import { expect, test } from 'vitest'
import { parseNodeImages, parseStore } from './images.js'

const digest = `sha256:${'0f'.repeat(32)}`

test('of the images of a node those are read that were loaded, with what they came from', () => {
  const text = `REF                         TYPE                                                 DIGEST    SIZE      PLATFORMS   LABELS
docker.io/library/app:dev   application/vnd.docker.distribution.manifest.v2+json ${digest} 12.3 MiB  linux/amd64 io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned,knest.dev/loaded=abc
localhost/tool:1            application/vnd.oci.image.index.v1+json              ${digest} 995.0 B   linux/amd64,linux/arm64 knest.dev/loaded=archive
localhost/odd:1             application/vnd.oci.image.manifest.v1+json           ${digest} -         -           knest.dev/loaded=archive
registry.k8s.io/pause:3.10  application/vnd.oci.image.manifest.v1+json           ${digest} 1.0 KiB   linux/amd64 io.cri-containerd.image=managed
`
  expect(parseNodeImages(text)).toEqual([
    { name: 'docker.io/library/app:dev', digest, size: '12.3 MiB', id: 'abc' },
    { name: 'localhost/tool:1', digest, size: '995.0 B', id: undefined },
    { name: 'localhost/odd:1', digest, size: '-', id: undefined },
  ])
  expect(parseNodeImages('REF TYPE DIGEST SIZE PLATFORMS LABELS\n')).toEqual([])
})

test('of a node that shares images it is read with whom, and which', () => {
  const text = `REF TYPE DIGEST SIZE PLATFORMS LABELS
store 00ff
shared docker.io/library/app:dev ${digest} abc
shared localhost/tool:1 ${digest} archive
`
  expect(parseStore(text)).toEqual({
    id: '00ff',
    images: [
      { name: 'docker.io/library/app:dev', digest, id: 'abc' },
      { name: 'localhost/tool:1', digest, id: undefined },
    ],
  })
  expect(parseNodeImages(text)).toEqual([])
  expect(parseStore('REF TYPE DIGEST SIZE PLATFORMS LABELS\n')).toBeUndefined()
})
