import { knestCommand } from '../commands.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { pause } from '../kube/index.js'
import { oldSpelling, type SpecFields } from '../spec/old-spellings.js'
import { ensureCrd } from './crd.js'

/** An API server serves a changed definition a moment after it has accepted it. */
const servedAfterMs = 5_000
const betweenMs = 200

/**
 * Writes a NestedCluster without losing anything of it. A host whose definition an older knest made drops fields it
 * does not know, so `write` must be strict. When it is refused, the definition is brought up to date; where that is
 * not permitted, the object is written as that older knest would have written it.
 */
export async function writeRecord(
  api: KubeApi,
  object: KubeObject,
  write: (object: KubeObject) => Promise<KubeObject>,
  signal: AbortSignal,
): Promise<KubeObject> {
  const attempt = async (): Promise<KubeObject | KnestError> => {
    try {
      return await write(object)
    } catch (error) {
      if (isUnknownToSchema(error)) return error
      throw error
    }
  }
  let outcome = await attempt()
  if (outcome instanceof KnestError && (await isBroughtUpToDate(api, signal))) {
    for (let waited = 0; outcome instanceof KnestError && waited <= servedAfterMs; waited += betweenMs) {
      if (waited > 0) await pause(betweenMs, signal)
      outcome = await attempt()
    }
  }
  if (!(outcome instanceof KnestError)) return outcome
  const spec = oldSpelling(object.spec as SpecFields)
  if (spec !== undefined) return write({ ...object, spec })
  throw new KnestError('config', outcome.message, {
    hint: `have somebody who may change it bring the resource definition of NestedCluster up to date: ${knestCommand('host', 'install', 'controller')}`,
    cause: outcome,
  })
}

/** Unknown fields (strict validation), or a field that has another type there. */
function isUnknownToSchema(error: unknown): error is KnestError {
  return (
    error instanceof KnestError &&
    error.code === 'config' &&
    /strict decoding error|must be of type/.test(error.message)
  )
}

/** Who may change clusters need not be allowed to change what the host knows of them. */
async function isBroughtUpToDate(api: KubeApi, signal: AbortSignal): Promise<boolean> {
  try {
    await ensureCrd(api, signal)
    return true
  } catch (error) {
    if (error instanceof KnestError && error.code === 'not-permitted') return false
    throw error
  }
}
