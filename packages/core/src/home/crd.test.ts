import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError, type ErrorCode } from '../errors.js'
import { nestedClusterCrd } from '../spec/index.js'
import { ensureCrd, servedProblems } from './crd.js'

const ref = { name: 'q', namespace: 'team' }
const { signal } = new AbortController()

/** A host that answers a list of clusters so, for somebody who may do these things to definitions. */
function hostWith(answer: ErrorCode | 'served', may: readonly string[]): KubeApi {
  const api: Pick<KubeApi, 'list' | 'canI'> = {
    list: () =>
      answer === 'served' ? Promise.resolve([]) : Promise.reject(new KnestError(answer, 'memory')),
    canI: ({ verb }) => Promise.resolve(may.includes(verb)),
  }
  return api as KubeApi
}

describe('the resource definition', () => {
  const all = ['get', 'create', 'patch']

  it.each([
    ['is there', 'served', [], false],
    ['is not there, and one may put it there', 'not-found', all, false],
    ['is not there, and one may only look', 'not-found', ['get'], true],
    ['is not there, and one may do nothing', 'not-found', [], true],
    // That is told by the right itself.
    ['may not be looked for', 'not-permitted', [], false],
  ] as const)('that %s', async (_title, answer, may, isProblem) => {
    const problems = await servedProblems(hostWith(answer, may), ref, signal)
    expect(problems).toMatchObject(
      isProblem
        ? [
            {
              severity: 'error',
              message:
                'the host has no resource definition "nestedclusters.knest.dev", and you may not create it',
              hint: 'have an admin of the host put it there: `knest host install controller`',
            },
          ]
        : [],
    )
  })

  it('of a host that does not answer is no guess', async () => {
    await expect(servedProblems(hostWith('timeout', []), ref, signal)).rejects.toMatchObject({
      code: 'timeout',
    })
  })
})

describe('a definition that is there already', () => {
  const revision = 'knest.dev/definition-revision'

  async function writesBeside(
    annotations: Readonly<Record<string, string>> | undefined,
  ): Promise<readonly string[]> {
    const writes: string[] = []
    const labels = { 'app.kubernetes.io/managed-by': 'knest' }
    const status = { conditions: [{ type: 'Established', status: 'True' }] }
    const metadata = {
      name: 'nestedclusters.knest.dev',
      labels,
      ...(annotations === undefined ? {} : { annotations }),
    }
    const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, status }
    const api: Pick<KubeApi, 'get' | 'apply' | 'patch'> = {
      get: () => Promise.resolve(annotations === undefined ? undefined : crd),
      apply: (object: KubeObject) => {
        writes.push(`apply ${object.metadata.annotations?.[revision] ?? ''}`)
        return Promise.resolve({ ...object, status })
      },
      patch: (_kind, _name, _namespace, patch) => {
        writes.push(`patch ${Object.keys(patch as object).join()}`)
        return Promise.resolve(crd)
      },
    }
    await ensureCrd(api as KubeApi, signal)
    return writes
  }

  it.each([
    ['none is there', undefined, 'apply 6'],
    ['it is of a knest that did not count', {}, 'apply 6'],
    ['it is of an older knest', { [revision]: '1' }, 'apply 6'],
    ['it is as new', { [revision]: '6' }, 'apply 6'],
    ['it is of a newer knest: what the others need stays', { [revision]: '7' }, 'patch metadata'],
  ])('%s', async (_, annotations, write) => {
    expect(await writesBeside(annotations)).toEqual([write])
  })

  it('has another revision whenever it is another one', () => {
    const hash = createHash('sha256').update(JSON.stringify(nestedClusterCrd())).digest('hex').slice(0, 12)
    // Where this fails, raise `revision` in crd.ts and write the new pair here.
    expect({ revision: 6, hash }).toEqual({ revision: 6, hash: '9ac3002e38ff' })
  })
})
