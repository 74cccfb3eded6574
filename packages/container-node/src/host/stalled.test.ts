import { beforeEach, describe, expect, it } from 'vitest'
import { silentProgress } from '@knest/core'
import { createEngine } from '../engine/engine.js'
import { createFakeEngine, type FakeEngine } from '../engine/fake-engine.js'
import { endBackOff, fullDisk } from './stalled.js'

const { signal } = new AbortController()
const run = { signal, progress: silentProgress, timeoutMs: 10_000 }
const target = { name: 'a' }
const node = 'a-cp-0'
const long = '2026-01-01T00:00:00Z'
const mebibyte = 2 ** 20

let fake: FakeEngine
let left: string
beforeEach(() => {
  left = String(900 * mebibyte)
  fake = createFakeEngine()
  fake.intercept = (args) =>
    args.at(-1)?.includes('df ') === true ? { stdout: `disk ${3072 * mebibyte} ${left}\n` } : undefined
  fake.containers.set(node, { state: 'running', image: 'i', labels: {}, ip: '127.0.0.1' })
})
const engine = () => createEngine('podman', fake, true, {})
const restarts = () => fake.calls.filter((args) => args.includes('restart'))
/** Nothing of this machine answers there. */
const silent = { name: node, ip: '127.0.0.77', startedAt: long }

describe('the disk of a host', () => {
  it.each([
    [0, 'the disk on which podman keeps it is full: 0 MiB of 3072 MiB are left, and it takes 64'],
    [
      63 * mebibyte,
      'the disk on which podman keeps it is full: 63 MiB of 3072 MiB are left, and it takes 64',
    ],
    [64 * mebibyte, undefined],
    ['', undefined],
  ])('with %s bytes left', async (bytes, expected) => {
    left = String(bytes)
    expect(await fullDisk(engine(), node, signal)).toBe(expected)
  })
})

describe('a control plane that does not run', () => {
  it('is started at once: kubelet forgets how long it would wait', async () => {
    await endBackOff(engine(), silent, target, run)
    expect(restarts()).toEqual([['exec', node, 'systemctl', 'restart', 'kubelet']])
  })

  it('is left to come up when its node was started just now', async () => {
    await endBackOff(engine(), { ...silent, startedAt: new Date().toISOString() }, target, run)
    expect(restarts()).toEqual([])
  })

  it('of a full disk is named at once, with what to do next', async () => {
    left = '4096'
    await expect(endBackOff(engine(), silent, target, run)).rejects.toMatchObject({
      code: 'prerequisite',
      message:
        'host "a" cannot come up: the disk on which podman keeps it is full: 0 MiB of 3072 MiB are left, and it takes 64',
      hint: 'remove files, images or volumes that nobody needs (see: podman system df), then `knest host up --name a`',
    })
    expect(restarts()).toEqual([])
  })
})
