import { describe, expect, it } from 'vitest'
import type { KubeApi } from '@knest/core'
import { createEngine } from '../engine/engine.js'
import { programs, type Programs } from '../engine/program.js'
import { parseResolvConf } from '../engine/resolvers.js'
import { describeDnsFault, dnsFault, mendDns, type MachineDns } from './dns.js'

const { signal } = new AbortController()

/** A node with a file of its own. */
function nodeWith(text: string) {
  const node = { text, writes: [] as string[] }
  const runner: Programs = {
    ...programs,
    run: (argv, { stdin }) => {
      if (argv.includes('cat')) return Promise.resolve({ exitCode: 0, stdout: node.text, stderr: '' })
      node.text = String(stdin)
      node.writes.push(node.text)
      return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
    },
  }
  return { node, engine: createEngine('podman', runner, true, {}) }
}

function machine(text: string | undefined, isSet = false): MachineDns {
  return {
    resolvers: () => Promise.resolve(text === undefined ? undefined : parseResolvConf(text)),
    isSetInEngine: () => Promise.resolve(isSet),
  }
}

function apiThat(fails: boolean): {
  readonly calls: string[]
  readonly api: Pick<KubeApi, 'patch' | 'waitFor'>
} {
  const calls: string[] = []
  const api = {
    patch: (_kind: unknown, name: string) => {
      calls.push(`patch ${name}`)
      return fails ? Promise.reject(new Error('interrupted')) : Promise.resolve({})
    },
    waitFor: () => {
      calls.push('wait')
      return Promise.resolve([])
    },
  }
  return { calls, api: api as unknown as Pick<KubeApi, 'patch' | 'waitFor'> }
}

describe('a machine that changed networks', () => {
  const now = machine('nameserver 10.0.0.1\nsearch corp.example\n')

  it('is told, and mended once: the node, then CoreDNS', async () => {
    const { node, engine } = nodeWith('nameserver 192.0.2.53\n')
    const fault = await dnsFault(engine, 'a-cp-0', now, signal)
    if (fault === undefined) throw new Error('not seen')
    expect(describeDnsFault(fault)).toBe('its DNS asks 192.0.2.53, and this machine asks 10.0.0.1')
    const { calls, api } = apiThat(false)
    await mendDns(engine, 'a-cp-0', '10.199.0.10', fault, api, signal)
    expect(calls).toEqual(['patch coredns', 'wait'])
    expect(node.text).toBe('nameserver 10.0.0.1\nsearch corp.example\n')
    expect(await dnsFault(engine, 'a-cp-0', now, signal)).toBeUndefined()
  })

  it('is gone on with after an interruption', async () => {
    const { node, engine } = nodeWith('nameserver 192.0.2.53\n')
    const fault = await dnsFault(engine, 'a-cp-0', now, signal)
    if (fault === undefined) throw new Error('not seen')
    await expect(mendDns(engine, 'a-cp-0', '10.199.0.10', fault, apiThat(true).api, signal)).rejects.toThrow()
    // New pods have the new servers already; CoreDNS may not.
    expect(node.text).toContain('nameserver 10.0.0.1\n')
    const again = await dnsFault(engine, 'a-cp-0', now, signal)
    expect(again?.asks).toEqual(['10.0.0.1'])
  })

  it('that names no server at all asks nobody, not a stranger', async () => {
    const { node, engine } = nodeWith('nameserver 8.8.8.8\nnameserver 8.8.4.4\n')
    const fault = await dnsFault(engine, 'a-cp-0', machine(undefined), signal)
    if (fault === undefined) throw new Error('not seen')
    expect(describeDnsFault(fault)).toMatch(/this machine names no server that a container reaches/)
    await mendDns(engine, 'a-cp-0', '10.199.0.10', fault, apiThat(false).api, signal)
    expect(node.text).toBe('nameserver 10.199.0.10\n')
    expect(await dnsFault(engine, 'a-cp-0', machine(undefined), signal)).toBeUndefined()
    expect(await dnsFault(engine, 'a-cp-0', now, signal)).toBeDefined()
  })

  it('whose podman was told what containers ask is left alone', async () => {
    const { engine } = nodeWith('nameserver 192.0.2.53\n')
    expect(await dnsFault(engine, 'a-cp-0', machine('nameserver 10.0.0.1\n', true), signal)).toBeUndefined()
  })
})
