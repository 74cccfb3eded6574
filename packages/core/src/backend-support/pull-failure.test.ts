import { expect, it } from 'vitest'
import { pullFailure } from './pull-failure.js'

const unpack = (image: string, why: string): string =>
  `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${why}`

it.each([
  [
    'passing',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'failed to do request: Head "https://r.test/v2/a/manifests/1": dial tcp 192.0.2.7:443: i/o timeout',
    ),
  ],
  [
    'passing',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'failed to do request: Head "https://r.test/v2/a/manifests/1": net/http: TLS handshake timeout',
    ),
  ],
  [
    'passing',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'failed to do request: Head "https://r.test/v2/a/manifests/1": dial tcp 192.0.2.7:443: connect: connection refused',
    ),
  ],
  [
    'passing',
    'ErrImagePull',
    unpack(
      'localhost:5000/a:1',
      'failed to do request: Head "http://localhost:5000/v2/a/manifests/1": dial tcp 127.0.0.1:5000: connect: connection refused',
    ),
  ],
  [
    'passing',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'unexpected status from HEAD request to https://r.test/v2/a/manifests/1: 503 Service Unavailable',
    ),
  ],
  [
    'passing',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'unexpected status from HEAD request to https://r.test/v2/a/manifests/1: 500 Internal Server Error',
    ),
  ],
  [
    'passing',
    'ErrImagePull',
    'rpc error: code = Unknown desc = httpReadSeeker: failed open: unexpected status code https://r.test/v2/a/blobs/sha256:0: 502 Bad Gateway',
  ],
  [
    'passing',
    'ImagePullBackOff',
    `Back-off pulling image "r.test/a:1": ErrImagePull: ${unpack('r.test/a:1', 'unexpected status from HEAD request to https://r.test/v2/a/manifests/1: 504 Gateway Timeout')}`,
  ],
  [
    'passing',
    'ErrImagePull',
    'failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/a/manifests/sha256:0: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.',
  ],
  ['passing', 'ErrImagePull', 'pull QPS exceeded'],
  ['passing', 'ErrImagePull', 'rpc error: code = DeadlineExceeded desc = context deadline exceeded'],
  [
    'passing',
    'ErrImagePull',
    'failed to copy: read tcp 10.0.0.1:4000->192.0.2.7:443: read: connection reset by peer',
  ],
  ['passing', 'ErrImagePull', 'failed to pull image "r.test/a:1": failed to extract layer: unexpected EOF'],
  [
    'passing',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'failed to do request: Head "https://r.test/v2/a/manifests/1": dial tcp: lookup r.test on 10.96.0.10:53: server misbehaving',
    ),
  ],
  [
    'lasting',
    'ErrImagePull',
    `rpc error: code = NotFound desc = ${unpack('docker.io/library/a:404', 'docker.io/library/a:404: not found')}`,
  ],
  [
    'lasting',
    'ImagePullBackOff',
    `Back-off pulling image "docker.io/library/a:503": ErrImagePull: ${unpack('docker.io/library/a:503', 'docker.io/library/a:503: not found')}`,
  ],
  [
    'lasting',
    'ErrImagePull',
    unpack(
      'docker.io/x/a:1',
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    ),
  ],
  [
    'lasting',
    'ErrImagePull',
    unpack(
      'ghcr.io/x/a:1',
      'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Ax%2Fa%3Apull&service=ghcr.io: 401 Unauthorized',
    ),
  ],
  [
    'lasting',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'unexpected status from HEAD request to https://r.test/v2/a/manifests/1: 403 Forbidden',
    ),
  ],
  ['lasting', 'ErrImagePull', 'reading manifest v9 in quay.io/x/a: manifest unknown'],
  [
    'lasting',
    'ErrImagePull',
    'Error response from daemon: Head "https://r.test/v2/a/manifests/1": no basic auth credentials',
  ],
  ['lasting', 'ErrImagePull', 'reading manifest 1 in r.test/a: unauthorized: authentication required'],
  [
    'lasting',
    'ErrImagePull',
    'initializing source docker://r.test/a:1: reading manifest 1 in r.test/a: requested access to the resource is denied',
  ],
  [
    'lasting',
    'ErrImagePull',
    'failed to pull and unpack image "r.test/a:1": no match for platform in manifest: not found',
  ],
  [
    'lasting',
    'ErrImagePull',
    unpack(
      'localhost/knest/node:v9',
      'failed to do request: Head "https://localhost/v2/knest/node/manifests/v9": dial tcp [::1]:443: connect: connection refused',
    ),
  ],
  [
    'lasting',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'failed to do request: Head "https://r.test/v2/a/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ),
  ],
  [
    'lasting',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'failed to do request: Head "https://r.test/v2/a/manifests/1": http: server gave HTTP response to HTTPS client',
    ),
  ],
  [
    'lasting',
    'InvalidImageName',
    'Failed to apply default image tag "A:B": couldn\'t parse image name "A:B": invalid reference format: repository name must be lowercase',
  ],
  ['lasting', 'ErrImageNeverPull', 'Container image "r.test/a:1" is not present with pull policy of Never'],
  [
    'unclear',
    'ErrImagePull',
    unpack(
      'r.test/a:1',
      'failed to do request: Head "https://r.test/v2/a/manifests/1": dial tcp: lookup r.test on 10.96.0.10:53: no such host',
    ),
  ],
  // Before Kubernetes 1.31 the reason behind it is not told.
  ['unclear', 'ImagePullBackOff', 'Back-off pulling image "r.test/a:1"'],
  [
    'unclear',
    'ErrImagePull',
    'failed to extract layer: write /var/lib/containerd/x: no space left on device',
  ],
  [undefined, 'ContainerCreating', ''],
  [undefined, 'CrashLoopBackOff', 'back-off 10s restarting failed container'],
  [undefined, undefined, ''],
])('%s: %s %s', (means, reason, message) => {
  expect(pullFailure(reason, message)).toBe(means)
})
