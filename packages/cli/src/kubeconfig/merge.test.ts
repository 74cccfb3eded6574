import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { entriesOf } from './entries.js'
import { mergeKubeconfig } from './merge.js'
import { removeEntries } from './remove.js'
import { renderKubeconfig } from 'knest/kube'
import { readKubeconfig } from './text.js'

function addition(name: string, server = 'https://10.1.2.3:6443'): string {
  return renderKubeconfig({ name, server, ca: 'a CA', clientCert: 'a certificate', clientKey: 'a key' })
}

const demo = addition('demo')

interface Config {
  'current-context'?: string | null
  clusters: { name: string; cluster: { server: string } }[] | null
  users: { name: string }[] | null
  contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[] | null
}

const kind = `# my clusters, do not touch
apiVersion: v1
kind: Config
preferences: {}   # nothing
clusters:
- cluster:
    certificate-authority-data: QUJD
    server: "https://127.0.0.1:36443"
  name: kind-dev
contexts:
    # the development cluster
    - name: kind-dev
      context: {cluster: kind-dev, user: kind-dev, namespace: apps}   # inline
# where I am
current-context: kind-dev
users:
- name: kind-dev
  user:
    exec:
      command: login
      args: [ "--now",
              'x' ]
    note: |
      two
      lines

extensions: []
# the end
`

const samples: readonly (readonly [string, string])[] = [
  ['a file with comments and odd style', kind],
  ['no line break at the end', kind.trimEnd()],
  ['Windows line breaks', kind.replaceAll('\n', '\r\n')],
  [
    'what kubectl leaves when everything is deleted',
    'apiVersion: v1\nclusters: null\ncontexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n',
  ],
  ['empty lists', 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: [ ]  # none\nusers:    # later\n'],
  ['no lists', 'apiVersion: v1\nkind: Config'],
  ['one list missing', 'apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user: {}\n'],
  ['comments alone', '# nothing here yet\n\n# really\n'],
  ['a comment without line break', '# nothing'],
  ['JSON on one line', '{"apiVersion":"v1","kind":"Config","clusters":[],"users":null,"contexts":[]}'],
  [
    'JSON on many lines',
    `${JSON.stringify({ apiVersion: 'v1', clusters: [{ name: 'a', cluster: {} }], users: [], contexts: [{ name: 'a', context: {} }] }, undefined, 2)}\n`,
  ],
  ['an empty JSON object', '{}\n'],
  ['a document marker', `---\n${kind}`],
  ['everything indented', kind.replace(/^(?=.)/gm, '  ')],
  [
    'flow lists in a block file',
    'clusters: [{name: a, cluster: {}}]\nusers: [{name: a}, {name: b}]\ncontexts: []\n',
  ],
  [
    'a block scalar at the very end',
    'clusters: []\nusers:\n- name: a\n  user:\n    token: |+\n      abc\n\n',
  ],
  ['an entry with an empty value at the end', 'contexts: []\nclusters: []\nusers:\n- name: a\n  user:\n'],
]

/** What kubectl reads, and the YAML of this test does not. */
const oddities: readonly (readonly [string, string])[] = [
  ['an empty document at the end', `${kind}---\n`],
  ['a second document', 'contexts: []\n---\nb: [\n'],
  ['repeated keys', `current-context: other\nclusters: []\n${kind}`],
  ['repeated keys in an entry', 'users:\n- name: a\n  name: b\n  user: {token: x, token: y}\n'],
  [
    'anchors and merges',
    'users:\n- name: a\n  user: &u {token: x}\n- name: b\n  user:\n    <<: *u\n    as: c\n',
  ],
  ['entries that are empty', 'contexts:\n-\n- name: b\nclusters: [null, {name: a}]\n'],
  ['a byte order mark', `\ufeff${kind}`],
]

const removeFromKubeconfig = (text: string, cluster: string): string | undefined =>
  removeEntries(text, {
    clusters: `knest-${cluster}`,
    users: `knest-${cluster}-admin`,
    contexts: `knest-${cluster}`,
  })

describe('mergeKubeconfig and removeFromKubeconfig', () => {
  test.each(samples)('keep every byte of: %s', (_, text) => {
    for (const setCurrent of [false, true]) {
      const merged = mergeKubeconfig(text, demo, { setCurrent })
      const config = parse(merged) as Config
      expect(config.contexts?.at(-1)).toMatchObject({
        name: 'knest-demo',
        context: { cluster: 'knest-demo', user: 'knest-demo-admin' },
      })
      expect(config.clusters?.at(-1)?.cluster.server).toBe('https://10.1.2.3:6443')
      expect(config.users?.at(-1)?.name).toBe('knest-demo-admin')
      const former = (parse(text) as Config | null)?.['current-context']
      expect(config['current-context']).toBe(setCurrent ? 'knest-demo' : former)
      expect(removeFromKubeconfig(merged, 'demo')).toBe(text)
    }
  })

  test.each(oddities)('keep every byte of: %s', (_, text) => {
    for (const setCurrent of [false, true]) {
      const merged = mergeKubeconfig(text, demo, { setCurrent })
      const { value } = readKubeconfig(merged)
      expect(entriesOf(value, 'contexts').at(-1)).toMatchObject({ name: 'knest-demo' })
      expect(mergeKubeconfig(merged, demo, { setCurrent })).toBe(merged)
      expect(removeFromKubeconfig(merged, 'demo')).toBe(text)
    }
  })

  test.each(samples)('add the same twice without a change: %s', (_, text) => {
    const merged = mergeKubeconfig(text, demo)
    expect(mergeKubeconfig(merged, demo)).toBe(merged)
  })

  test.each(samples)('replace an entry that changed: %s', (_, text) => {
    const moved = addition('demo', 'https://10.9.9.9:6443')
    const merged = mergeKubeconfig(mergeKubeconfig(text, demo), moved)
    expect(merged).toBe(mergeKubeconfig(text, moved))
    expect(removeFromKubeconfig(merged, 'demo')).toBe(text)
  })

  test.each(samples)('restore whatever the order of removal: %s', (_, text) => {
    const orders = [
      ['one', 'two', 'three'],
      ['three', 'one', 'two'],
      ['two', 'three', 'one'],
    ]
    for (const setCurrent of [false, true]) {
      for (const order of orders) {
        let merged: string | undefined = text
        for (const name of ['one', 'two', 'three'])
          merged = mergeKubeconfig(merged, addition(name), { setCurrent })
        for (const name of order) merged = removeFromKubeconfig(merged ?? '', name)
        expect(merged).toBe(text)
      }
    }
  })

  test('keep what others added meanwhile', () => {
    const merged = mergeKubeconfig(kind, demo)
    const later = merged
      .replace('# the end', 'more: yes # the end')
      .replace('namespace: apps', 'namespace: web')
    expect(removeFromKubeconfig(later, 'demo')).toBe(
      kind.replace('# the end', 'more: yes # the end').replace('namespace: apps', 'namespace: web'),
    )
  })

  test('survive a program that writes the whole file anew', () => {
    const rewritten = stringify({ ...(parse(mergeKubeconfig(undefined, demo)) as object), preferences: {} })
    expect(removeFromKubeconfig(rewritten, 'demo')).toBeUndefined()
    const shared = stringify(parse(mergeKubeconfig(kind, demo)))
    expect(parse(removeFromKubeconfig(shared, 'demo') ?? '')).toEqual(parse(kind))
  })

  test('leave a text without the cluster alone', () => {
    expect(removeFromKubeconfig(kind, 'demo')).toBe(kind)
    expect(removeFromKubeconfig('', 'demo')).toBe('')
  })

  test.each([undefined, '', '\n'])(
    'what was absent is absent again, what was empty is empty again: %j',
    (text) => {
      const merged = mergeKubeconfig(text, demo)
      expect((parse(merged) as Config)['current-context']).toBeUndefined()
      expect(removeFromKubeconfig(merged, 'demo')).toBe(text)
      expect(removeFromKubeconfig(mergeKubeconfig(merged, addition('demo', '10.9.9.9')), 'demo')).toBe(text)
      const both = mergeKubeconfig(merged, addition('other'))
      expect(removeFromKubeconfig(removeFromKubeconfig(both, 'demo') ?? '', 'other')).toBe(text)
      expect(removeFromKubeconfig(removeFromKubeconfig(both, 'other') ?? '', 'demo')).toBe(text)
    },
  )

  test('empty the current context when it was chosen by somebody else', () => {
    const chosen = mergeKubeconfig(kind, demo).replace(
      'current-context: kind-dev',
      'current-context: knest-demo',
    )
    expect((parse(removeFromKubeconfig(chosen, 'demo') ?? '') as Config)['current-context']).toBe('')
  })

  test.each([
    ['no YAML', 'clusters: [', /not YAML/],
    ['an empty document before another', '---\n---\nb: 2\n', /cannot add to safely/],
    ['a merge of what would get an entry', 'x: &x {clusters: [{name: a}]}\n<<: *x\n', /cannot add to safely/],
    ['a list', '- a\n', /not a group of fields/],
    ['text', 'hello', /not a group of fields/],
    ['clusters that are no list', 'clusters: {a: 1}\n', /not a list/],
    ['an alias for a list', 'a: &a [{name: x}]\nclusters: *a\n', /cannot add to safely/],
  ])('refuse %s', (_, text, message) => {
    expect(() => mergeKubeconfig(text, demo)).toThrow(message)
  })
})

const entryName = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
const details = fc.dictionary(
  fc.stringMatching(/^[a-z-]{1,8}$/),
  fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })),
  {
    maxKeys: 3,
  },
)
const list = (field: string): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constant(null),
    fc
      .array(fc.tuple(entryName, details), { maxLength: 3 })
      .map((entries) => entries.map(([name, body]) => ({ name, [field]: body }))),
  )
const config = fc.record(
  {
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Config'),
    clusters: list('cluster'),
    users: list('user'),
    contexts: list('context'),
    preferences: details,
    'current-context': entryName,
  },
  { requiredKeys: ['apiVersion'] },
)
const text = fc
  .tuple(
    config,
    fc.boolean(),
    fc.constantFrom(2, 4),
    fc.boolean(),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
  )
  .map(([value, indentSeq, indent, json, newline, trailing]) => {
    const written = json
      ? `${JSON.stringify(value, undefined, indent)}\n`
      : stringify(value, { indentSeq, indent }).replace(/^([a-z-]+):/gm, '# about $1\n$1:')
    return (trailing ? written : written.trimEnd()).replaceAll('\n', newline)
  })

test('adding and removing gives back the former bytes of any kubeconfig', () => {
  fc.assert(
    fc.property(text, fc.boolean(), fc.boolean(), (before, setCurrent, oneFirst) => {
      const one = mergeKubeconfig(before, addition('one'), { setCurrent })
      expect(removeFromKubeconfig(one, 'one')).toBe(before)
      const both = mergeKubeconfig(one, addition('two'), { setCurrent })
      const [first, second] = oneFirst ? ['one', 'two'] : ['two', 'one']
      expect(removeFromKubeconfig(removeFromKubeconfig(both, first) ?? '', second)).toBe(before)
    }),
    { numRuns: 100 },
  )
})
