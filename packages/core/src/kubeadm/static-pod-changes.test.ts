import { describe, expect, it, test } from 'vitest'
import { stringify } from 'yaml'
import { staticPodChanges } from './static-pod-changes.js'
import { parseStaticPods } from './written-static-pods.js'

const pod = (flags: readonly string[], more: object = {}): string =>
  stringify({
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'p', command: ['p', ...flags], ...more }] },
  })
const written = pod(['--a=1', '--b=2'])

describe('changes of a static pod', () => {
  it.each<[string, string, readonly string[]]>([
    ['none', written, []],
    ['another order', pod(['--b=2', '--a=1']), []],
    ['a value', pod(['--a=9', '--b=2']), ['--a=9']],
    ['one more', pod(['--a=1', '--b=2', '--c']), ['--c=true']],
    ['the same twice', pod(['--a=1', '--b=2', '--b=3']), ['--b=2 3']],
    ['one less', pod(['--a=1']), ['without --b=2']],
    ['with = in it', pod(['--a=1', '--b=2', '--f=X=true,Y=false']), ['--f=X=true,Y=false']],
    ['of the first start of etcd', pod(['--a=1', '--b=2', '--initial-cluster=p=https://x']), []],
    ['other fields', pod(['--a=1', '--b=2'], { image: 'x' }), ['fields besides its flags']],
    ['what is no YAML', '[', ['a manifest that is not YAML']],
    ['nothing', '', ['a manifest that is not YAML']],
  ])('%s', (_, found, changes) => {
    expect(staticPodChanges(found, written)).toEqual(changes)
  })
})

test('what a node says of its static pods', () => {
  const said = (name: string, found: string): string => `= ${name}\n${found}= written\n${written}`
  expect(
    parseStaticPods(
      said('etcd', written) + said('kube-apiserver', pod(['--a=9', '--b=2'])) + said('kube-scheduler', ''),
    ),
  ).toEqual(new Map([['kube-apiserver', ['--a=9']]]))
  expect(parseStaticPods('')).toEqual(new Map())
})
