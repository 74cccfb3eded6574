import { describe, expect, test } from 'vitest'
import { KnestError, PreflightError } from '../errors.js'
import { parseClusterFile, resolveSpec, specFromObject, toManifest } from './index.js'

const head = 'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\n'

describe('parseClusterFile', () => {
  test('gives names and spec', () => {
    const text = `# mine\n${head}metadata: {name: demo, namespace: team}\nspec:\n  controlPlane: {count: 3}\n---\n`
    expect(parseClusterFile(text, 'c.yaml')).toEqual({
      ref: { name: 'demo', namespace: 'team' },
      input: { controlPlane: { count: 3 } },
      labels: {},
      warnings: [],
      unsupported: [],
    })
    expect(parseClusterFile(head, 'c.yaml')).toEqual({
      ref: {},
      labels: {},
      input: {},
      warnings: [],
      unsupported: [],
    })
    expect(
      parseClusterFile('{"apiVersion":"knest.dev/v1alpha1","kind":"NestedCluster"}', 'c.json').input,
    ).toEqual({})
  })

  test.each([
    ['{cpuCores: 500m, memorySize: 4Gi}', { cpuCores: 0.5, memorySize: '4Gi' }],
    ['{cpuCores: 0.5, memorySize: 4294967296}', { cpuCores: 0.5, memorySize: '4294967296' }],
    ['{cpuCores: "0.5", memorySize: "4294967296"}', { cpuCores: 0.5, memorySize: '4294967296' }],
    ['{cpuCores: .5, memorySize: 5e9}', { cpuCores: 0.5, memorySize: '5000000000' }],
    [
      '{cpuCores: 2, memorySize: 5G, rootfsSize: 1e10}',
      { cpuCores: 2, memorySize: '5G', rootfsSize: '10000000000' },
    ],
  ])('takes quantities as kubectl does: %s', (machine, expected) => {
    const text = `${head}spec: {controlPlane: {machine: ${machine}}, workers: [{machine: ${machine}}]}\n`
    const { input } = parseClusterFile(text, 'c.yaml')
    const spec = resolveSpec(input)
    expect([spec.controlPlane.machine, spec.workers[0]?.machine]).toMatchObject([expected, expected])
    // What was stored is read again, as it was written and as a user left it.
    const ref = { name: 'demo', namespace: 'team' }
    expect(specFromObject(toManifest(ref, spec))).toEqual(spec)
    expect(specFromObject({ ...toManifest(ref, spec), spec: input })).toEqual(spec)
  })

  test('takes what kubectl get -o yaml gives', () => {
    const text = `${head}metadata:\n  name: demo\n  uid: u\n  labels: {a: b}\n  managedFields: []\nspec: {}\nstatus: {phase: Ready}\n`
    expect(parseClusterFile(text, 'c.yaml').ref).toEqual({ name: 'demo' })
  })

  test.each([
    ['nothing', '', '"c.yaml" is empty'],
    ['only comments', '# no\n---\n', '"c.yaml" is empty'],
    ['text', 'hello', '"c.yaml" is not a Kubernetes object'],
    ['a list', '- a', '"c.yaml" is not a Kubernetes object'],
    ['bad YAML', `${head}spec:\n\tworkers: []\n`, /"c.yaml" is not YAML: line 4, column 1: /],
    ['an open bracket', `${head}spec: {workers: [`, /"c.yaml" is not YAML: line 3, column \d+: /],
    [
      'a field twice',
      `${head}spec: {}\nspec: {}\n`,
      /"c.yaml" is not YAML: line 4, column 1: Map keys must be unique/,
    ],
    ['two documents', `${head}---\n${head}`, '"c.yaml" holds 2 documents, one is allowed'],
    ['another kind', 'apiVersion: v1\nkind: Pod\n', '"c.yaml" holds no NestedCluster: its kind is "Pod"'],
    ['no kind', 'spec: {}\n', '"c.yaml" holds no NestedCluster: its kind is missing'],
    [
      'another version',
      'apiVersion: knest.dev/v9\nkind: NestedCluster\n',
      /unknown apiVersion: it is "knest.dev\/v9"/,
    ],
    ['an alias without an anchor', `${head}spec: *a\n`, /"c.yaml" is not (usable )?YAML/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseClusterFile(text, 'c.yaml')).toThrow(message)
    expect(() => parseClusterFile(text, 'c.yaml')).toThrow(KnestError)
  })

  test('names every unknown field with its line and the nearest known one', () => {
    const text = `${head}metadata:\n  nam: demo\nspec:\n  workrs: []\n  workers:\n  - name: a\n    machine:\n      memory: 4Gi\n`
    let error: unknown
    try {
      parseClusterFile(text, 'c.yaml')
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(PreflightError)
    const problems = (error as PreflightError).problems.map(({ message, hint }) => `${message}; ${hint}`)
    expect(problems.sort()).toEqual([
      '"c.yaml" line 10: "spec.workers[0].machine.memory" is not a known field; did you mean "memorySize"?',
      '"c.yaml" line 4: "metadata.nam" is not a known field; did you mean "name"?',
      '"c.yaml" line 6: "spec.workrs" is not a known field; did you mean "workers"?',
    ])
  })

  test.each([
    [
      'spec: {kubernetesVersion: 1.35}',
      '"spec.kubernetesVersion" is 1.35',
      'give text (quote it if it looks like a number)',
    ],
    ['spec: {controlPlane: {count: three}}', '"spec.controlPlane.count" is "three"', 'give a number'],
    ['spec: {workers: {count: 3}}', '"spec.workers" is a group of fields', 'give a list'],
    ['spec: {persistence: {enabled: "yes"}}', '"spec.persistence.enabled" is "yes"', 'give true or false'],
    [
      'spec: {hostPatches: [{role: worker}]}',
      '"spec.hostPatches[0].patch" is missing',
      'add it: a group of fields',
    ],
    ['spec:', '"spec" is empty', 'give a group of fields'],
  ])('says what is wrong with %s', (line, message, hint) => {
    try {
      parseClusterFile(`${head}${line}\n`, 'c.yaml')
      expect.unreachable()
    } catch (error) {
      expect((error as KnestError).message).toBe(`"c.yaml" line 3: ${message}`)
      expect((error as KnestError).hint).toBe(hint)
    }
  })
})
