import { describe, expect, it } from 'vitest'
import type { KubeApi } from '../contracts/kubernetes.js'
import { KnestError, type ErrorCode } from '../errors.js'
import { servedProblems } from './crd.js'

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
