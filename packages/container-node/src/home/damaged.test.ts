import { describe, expect, it } from 'vitest'
import type { CertificateAuthorities } from '@knest/core'
import { createEngine } from '../engine/engine.js'
import { createFakeEngine, type FakeEngine } from '../engine/fake-engine.js'
import { hostSpec } from '../host/spec.js'
import type { HomeFile } from './files.js'
import { createContainerHome } from './home.js'
import { damagedFiles, decodeLabel, encodeLabel, newRecordLabel, savedSpec, toRecord } from './record.js'

const { signal } = new AbortController()
const ref = { name: 'a', namespace: 'embedded' }
const spec = hostSpec(undefined, [])
const label = newRecordLabel(ref, spec, new Date())
const pair = { cert: 'CERT', key: 'KEY' }
const authorities: CertificateAuthorities = {
  ca: pair,
  frontProxyCa: pair,
  etcdCa: pair,
  serviceAccount: pair,
}
const changed = { ...spec, controlPlane: { ...spec.controlPlane, count: 3 } }
const whole: Readonly<Record<HomeFile, string>> = {
  'spec.json': savedSpec(toRecord(label, {}), changed),
  'status.json': JSON.stringify({ phase: 'Ready', conditions: [] }),
  'authorities.json': JSON.stringify(authorities),
  kubeconfig: [
    'clusters:',
    '  - cluster:',
    '      certificate-authority-data: Q0E=',
    '      server: https://10.0.0.1:6443',
    'users:',
    '  - user:',
    '      client-certificate-data: Q0VSVA==',
    '      client-key-data: S0VZS0VZ',
    '',
  ].join('\n'),
}
const files = Object.keys(whole) as readonly HomeFile[]

/** What a power cut, or a hand, can leave of a file. */
const damages: readonly (readonly [string, (text: string) => string])[] = [
  ['empty', () => ''],
  ['cut off early', (text) => text.slice(0, 10)],
  ['cut off at its end', (text) => text.slice(0, -1)],
  ['zeroes', (text) => '\0'.repeat(text.length)],
  ['garbage', () => '\u{fffd}{"phase"'],
  ['null', () => 'null'],
  ['a list', () => '[]'],
  ['a number', () => '7'],
  ['an object of something else', () => '{"phase":"Nowhere","spec":{},"version":"x","ca":7}'],
]
const cases = files.flatMap((file) => damages.map(([name, damage]) => [file, name, damage] as const))

describe('a file of the record', () => {
  it('is whole when knest wrote it', () => {
    expect(damagedFiles(whole)).toEqual([])
    expect(damagedFiles({})).toEqual([])
    expect(toRecord(label, whole)).toMatchObject({ spec: changed, version: '2', phase: 'Ready' })
  })

  it.each(cases)('%s, %s: counts as absent', (file, _name, damage) => {
    const { [file]: text, ...others } = whole
    const damaged = { ...whole, [file]: damage(text) }
    expect(damagedFiles(damaged)).toEqual([file])
    expect(toRecord(label, damaged)).toEqual(toRecord(label, others))
  })
})

describe('the label of the record', () => {
  const text = encodeLabel(label)
  it.each([
    ['empty', ''],
    ['cut off', text.slice(0, 40)],
    ['garbage', '%%%'],
    ['null', Buffer.from('null').toString('base64url')],
    ['without a spec', Buffer.from(JSON.stringify({ ...label, spec: undefined })).toString('base64url')],
    ['without a name', Buffer.from(JSON.stringify({ ...label, name: undefined })).toString('base64url')],
  ])('%s counts as absent', (_name, damaged) => {
    expect(decodeLabel(damaged)).toBeUndefined()
  })
})

describe('damaged authorities', () => {
  const setUp = async (): Promise<{ fake: FakeEngine; home: ReturnType<typeof createContainerHome> }> => {
    const fake = createFakeEngine()
    const home = createContainerHome(createEngine('podman', fake, true))
    const record = await home.create(ref, spec, signal)
    await home.saveAuthorities(record, authorities, signal)
    fake.files.set('a-home/authorities.json', '{"ca":')
    return { fake, home }
  }

  it('are taken back from the control plane, never made anew', async () => {
    const { fake, home } = await setUp()
    fake.intercept = (args) => {
      if (args[0] !== 'exec' || !args.join(' ').includes('/etc/kubernetes/pki')) return undefined
      const names = ['ca.crt', 'front-proxy-ca.crt', 'etcd/ca.crt', 'sa.pub'].map(
        (name) => `${name} Q0VSVA==`,
      )
      const keys = ['ca.key', 'front-proxy-ca.key', 'etcd/ca.key', 'sa.key'].map((name) => `${name} S0VZ`)
      return { stdout: `${[...names, ...keys].join('\n')}\n` }
    }
    expect(await home.readAuthorities(ref, signal)).toEqual(authorities)
    expect(JSON.parse(fake.files.get('a-home/authorities.json') ?? '')).toEqual(authorities)
    expect(JSON.stringify(fake.calls)).not.toContain('S0VZ')
  })

  it('without a node that has them are told, and kept as they are', async () => {
    const { fake, home } = await setUp()
    await expect(home.readAuthorities(ref, signal)).rejects.toMatchObject({
      code: 'prerequisite',
      message: expect.stringContaining('certificate authorities of "a" are damaged') as string,
    })
    expect(fake.files.get('a-home/authorities.json')).toBe('{"ca":')
  })
})
