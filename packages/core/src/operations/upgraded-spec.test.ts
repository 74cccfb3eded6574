import { expect, test } from 'vitest'
import type { NodeBackend } from '../contracts/node-backend.js'
import { fakeRecord } from '../status/fake-parts.js'
import { phaseOfChange, refuseFixedImages, upgradedSpec, upgradePace } from './upgraded-spec.js'
import { refuseLeaps } from '../converge/version-skew.js'

const record = fakeRecord({ workers: 1 })
const withImage = (image: string): typeof record => ({ ...record, spec: { ...record.spec, image } })
const to = '1.36.3'
const request = { kubernetesVersion: to }

test.each([
  ['localhost/knest/node:v1.35.4', 'localhost/knest/node:v1.36.3'],
  ['registry.example/knest/node:v1.35.4', 'registry.example/knest/node:v1.36.3'],
])('%s becomes %s', (before, after) => {
  expect(upgradedSpec(withImage(before), request)).toMatchObject({ kubernetesVersion: to, image: after })
})

test('a version may be given with its v, and an image with it', () => {
  const given = { kubernetesVersion: 'v1.36.3', image: 'mine:1' }
  expect(upgradedSpec(record, given)).toMatchObject({ kubernetesVersion: to, image: 'mine:1' })
})

test('an image whose name does not tell the version must be named', () => {
  expect(() => upgradedSpec(withImage('mine:latest'), request)).toThrow(/which image has Kubernetes 1.36.3/)
})

test('all that is wrong is told at once', () => {
  const bad = { kubernetesVersion: '1.34.0', image: 'not an image' }
  expect(() => upgradedSpec(record, bad)).toThrow(/downgrade.*and 1 more/s)
})

test('half-way, only the version that was begun with goes on', () => {
  const upgrading = { ...record, phase: 'Upgrading' as const }
  expect(upgradedSpec(upgrading, { kubernetesVersion: '1.35.4' })).toEqual(record.spec)
  expect(() => upgradedSpec(upgrading, request)).toThrow(/half-way to Kubernetes 1.35.4/)
})

test('an upgrade that has begun stays one until its end', () => {
  expect(phaseOfChange(record, record.spec)).toBe('Scaling')
  expect(phaseOfChange(record, { ...record.spec, kubernetesVersion: to })).toBe('Upgrading')
  expect(phaseOfChange({ ...record, phase: 'Upgrading' }, record.spec)).toBe('Upgrading')
})

test('nodes whose image is for life are refused, by what they are', () => {
  const vm = { ...record.spec.controlPlane, backend: 'vm' as const }
  const [pool] = record.spec.workers
  if (pool === undefined) throw new Error('a pool was given')
  const spec = {
    ...record.spec,
    controlPlane: vm,
    workers: [pool, { ...pool, name: 'big', backend: 'vm' as const }],
  }
  const backends = [{ name: 'pod', upgradeNode: () => undefined }, { name: 'vm' }] as unknown as NodeBackend[]
  const wanted = { ...spec, kubernetesVersion: to }
  expect(() => refuseFixedImages({ ...record, spec }, wanted, backends)).toThrow(
    /control planes are VMs.*1 more/,
  )
  expect(() => refuseFixedImages({ ...record, spec }, spec, backends)).not.toThrow()
  expect(() => refuseFixedImages(record, { ...record.spec, kubernetesVersion: to }, backends)).not.toThrow()
})

test('a node that is two minor versions behind is not taken along', () => {
  const node = {
    name: 'q-worker-0',
    role: 'worker',
    pool: 'worker',
    backend: 'pod',
    phase: 'running',
  } as const
  const observed = { members: undefined, addonsInstalled: true }
  const at =
    (version: string): (() => void) =>
    () =>
      refuseLeaps(record, { ...observed, nodes: [{ ...node, disk: 'bootstrapped', version }] })
  expect(at('1.34.4')).not.toThrow()
  expect(at('1.33.0')).toThrow(/node "q-worker-0": Kubernetes 1.33.0 cannot become 1.35.4/)
})

test('a pace is one worker or more', () => {
  expect(upgradePace(request)).toEqual({ maxUnavailable: 1, maxSurge: 0 })
  expect(upgradePace({ ...request, maxUnavailable: 3 })).toEqual({ maxUnavailable: 3, maxSurge: 0 })
  expect(() => upgradePace({ ...request, maxSurge: -1 })).toThrow(/-1 further workers/)
  expect(() => upgradePace({ ...request, maxUnavailable: 0 })).toThrow(/0 workers at once/)
})
