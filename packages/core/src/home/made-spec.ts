import type { KubeObject } from '../contracts/kubernetes.js'
import { specPatch, type SpecFields } from '../spec/old-spellings.js'
import { isRecord } from '../values/index.js'

type Fields = Readonly<Record<string, unknown>>

/**
 * The merge patch that makes `status.spec`, what the cluster is made by, this spec and nothing else: a field of before
 * that stayed would be asked for for ever. What autoscalers write is an object's wish, and in the counts here. Pure.
 */
export function madeSpecPatch(stored: KubeObject | undefined, spec: SpecFields): Fields {
  const made = Object.fromEntries(Object.entries(specPatch(spec)).filter(([key]) => key !== 'replicas'))
  return inPlaceOf((stored?.status as { spec?: unknown } | undefined)?.spec, made) as Fields
}

function inPlaceOf(before: unknown, wanted: unknown): unknown {
  if (!isRecord(before) || !isRecord(wanted)) return wanted
  const gone = Object.keys(before).filter((key) => !(key in wanted))
  return {
    ...Object.fromEntries(gone.map((key) => [key, null])),
    ...Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, inPlaceOf(before[key], value)])),
  }
}
