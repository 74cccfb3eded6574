import { describe, expect, test } from 'vitest'
import type { KnestError } from '../errors.js'
import {
  checkScale,
  mergeInput,
  parseScale,
  resolveSpec,
  scaledSpec,
  validateClusterName,
  validateNamespace,
  type ClusterInput,
} from './index.js'

describe('validateClusterName', () => {
  test.each(['a', 'quickstart', 'a-1', 'a'.repeat(32)])('takes "%s"', (name) => {
    expect(() => validateClusterName(name)).not.toThrow()
  })

  test.each([
    ['', 'is empty', undefined],
    ['Demo', 'has upper-case letters', ', as in "demo"'],
    ['a.b', 'has "." in it', ', as in "a-b"'],
    ['my cluster', 'has " " in it', ', as in "my-cluster"'],
    ['1a', 'begins with "1"', ', as in "a"'],
    ['-a', 'begins with "-"', ', as in "a"'],
    ['a-', 'ends with "-"', ', as in "a"'],
    ['ä', 'has "ä" in it', undefined],
    ['a'.repeat(33), 'is 33 characters long, 32 are allowed', `, as in "${'a'.repeat(32)}"`],
  ])('refuses "%s"', (name, fault, suggestion) => {
    try {
      validateClusterName(name)
      expect.unreachable()
    } catch (error) {
      expect((error as KnestError).code).toBe('config')
      expect((error as KnestError).message).toBe(`cluster name "${name}" ${fault}`)
      expect((error as KnestError).hint).toContain(suggestion ?? 'beginning with a letter')
    }
  })
})

test.each(['Team', 'a_b', '', 'a'.repeat(64)])('validateNamespace refuses "%s"', (name) => {
  expect(() => validateNamespace(name)).toThrow(`namespace "${name}"`)
  expect(() => validateNamespace('1-team')).not.toThrow()
})

describe('parseScale', () => {
  test.each([
    ['3:2', { controlPlane: 3, pools: { worker: 2 } }],
    ['3:', { controlPlane: 3 }],
    [':0', { pools: { worker: 0 } }],
    ['gpu=4', { pools: { gpu: 4 } }],
  ])('reads %s', (text, expected) => {
    expect(parseScale(text)).toEqual(expected)
  })

  test.each([
    ['3', 'has no ":"'],
    ['', 'has no ":"'],
    ['a:b', 'has "a" where a whole number belongs'],
    ['010:1', 'has "010" where a whole number belongs'],
    ['1.0:1', 'has "1.0" where a whole number belongs'],
    [':', 'changes nothing'],
    ['3:3:3', 'has more than one ":"'],
    ['-1:2', 'has a negative number "-1"'],
    ['1:-2', 'has a negative number "-2"'],
    ['1.5:2', 'has "1.5"'],
    ['1: 2', 'has " 2"'],
    ['1:1e3', 'has "1e3"'],
    ['gpu=', 'has no number'],
    ['gpu=x', 'has "x"'],
    ['=3', 'has no ":"'],
  ])('refuses "%s"', (text, fault) => {
    try {
      parseScale(text)
      expect.unreachable()
    } catch (error) {
      expect((error as KnestError).code).toBe('usage')
      expect((error as KnestError).message).toContain(`scale "${text}" ${fault}`)
      expect((error as KnestError).hint).toContain('CP:WORKERS, as in 3:2')
    }
  })
})

describe('checkScale', () => {
  const spec = resolveSpec({ controlPlane: { count: 3 } }, { force: false })
  const gpu = resolveSpec({ workers: [{ name: 'gpu', count: 2 }] }, { force: false })
  const two = resolveSpec({ workers: [{ name: 'a' }, { name: 'b' }] }, { force: false })
  const small = resolveSpec({ network: { podNetworkCidr: ['10.200.0.0/22'] } }, { force: false })

  test('takes what fits', () => {
    expect(checkScale(parseScale('1:2'), spec, { force: false })).toEqual({
      controlPlane: 1,
      pools: { worker: 2 },
    })
    expect(checkScale(parseScale('2:'), spec, { force: true })).toEqual({ controlPlane: 2 })
  })

  test('WORKERS is the only pool, whatever its name', () => {
    const request = checkScale(parseScale(':5'), gpu, { force: false })
    expect(request).toEqual({ pools: { gpu: 5 } })
    expect(scaledSpec(gpu, request).workers[0]?.count).toBe(5)
    expect(scaledSpec(gpu, request).controlPlane.count).toBe(1)
  })

  test.each([
    ['0:1', spec, /count 0 is below 1/],
    ['2:', spec, /is even/],
    [':201', spec, /above 200/],
    [':1', two, /no worker pool "worker"/],
    ['c=1', two, /no worker pool "c"/],
    [':4', small, /room for 4 nodes/],
  ])('refuses %s', (text, of, message) => {
    expect(() => checkScale(parseScale(text), of, { force: false })).toThrow(message)
  })
})

describe('mergeInput', () => {
  const file: ClusterInput = {
    controlPlane: { count: 3, machine: { cpuCores: 4 } },
    workers: [{ name: 'gpu', count: 2, labels: { a: 'b' } }],
    network: { cni: 'calico' },
  }

  test('flags win field by field', () => {
    const flags: ClusterInput = {
      controlPlane: { count: 1, machine: { memorySize: '8Gi' } },
      workers: [{ count: 5 }],
      network: { cni: undefined, mtu: 1400 },
    }
    expect(mergeInput(file, flags)).toEqual({
      controlPlane: { count: 1, machine: { cpuCores: 4, memorySize: '8Gi' } },
      workers: [{ name: 'gpu', count: 5, labels: { a: 'b' } }],
      network: { cni: 'calico', mtu: 1400 },
    })
    expect(mergeInput({}, flags).workers).toEqual([{ count: 5 }])
    expect(mergeInput(file, {})).toEqual(file)
    expect(mergeInput({ replicas: 2 }, {})).toEqual({ replicas: 2 })
    expect(mergeInput({ replicas: 2 }, flags)).not.toHaveProperty('replicas')
  })

  test('worker flags need to know their pool', () => {
    const two: ClusterInput = { workers: [{ name: 'a' }, { name: 'b' }] }
    expect(() => mergeInput(two, { workers: [{ count: 1 }] })).toThrow(/the file has "a", "b"/)
    expect(mergeInput(two, { workers: [{ name: 'b', count: 9 }] }).workers).toEqual([
      { name: 'a' },
      { name: 'b', count: 9 },
    ])
  })
})
