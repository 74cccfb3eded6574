import { applyPatch } from 'rfc6902'
import type { Operation } from 'rfc6902'
import { parse, parseAllDocuments } from 'yaml'
import type { Path } from '../schema-problems.js'
import type { Report } from './report.js'
import type { KindPatches } from './schema.js'
import { isRecord } from '../../values/index.js'
import { mergePatch } from '../../backend-support/merge-patch.js'

export type Fields = Readonly<Record<string, unknown>>

const kinds = [
  'ClusterConfiguration',
  'InitConfiguration',
  'JoinConfiguration',
  'KubeletConfiguration',
  'KubeProxyConfiguration',
] as const
type KubeadmKind = (typeof kinds)[number]

/** What patches make of each of kubeadm's objects, and where the first of them stands. */
export type Patched = ReadonlyMap<KubeadmKind, { readonly fields: Fields; readonly path: Path }>

const ofEveryObject = ['apiVersion', 'kind', 'metadata']

/** Fields that kind's own objects have, so that a JSON patch finds its way: RFC 6902 adds no parents. */
const bases: Readonly<Record<KubeadmKind, object>> = {
  ClusterConfiguration: {
    apiServer: { certSANs: [], extraArgs: {} },
    controllerManager: { extraArgs: {} },
    scheduler: { extraArgs: {} },
    networking: {},
    etcd: { local: {} },
  },
  InitConfiguration: { nodeRegistration: { kubeletExtraArgs: {} } },
  JoinConfiguration: { nodeRegistration: { kubeletExtraArgs: {} } },
  KubeletConfiguration: { featureGates: {}, evictionHard: {} },
  KubeProxyConfiguration: { featureGates: {}, conntrack: {} },
}

/** Applies the patches of a file or a node to nothing, in kind's order: merge patches, then those of RFC 6902. */
export function patchedObjects(
  { kubeadmConfigPatches = [], kubeadmConfigPatchesJSON6902 = [] }: KindPatches,
  at: Path,
  report: Report,
): Patched {
  const patched = new Map<KubeadmKind, { fields: Fields; path: Path }>()
  const lay = (kind: KubeadmKind, path: Path, change: (fields: Fields) => Fields): void => {
    const before = patched.get(kind)
    patched.set(kind, { fields: change(before?.fields ?? {}), path: before?.path ?? path })
  }
  kubeadmConfigPatches.forEach((text, index) => {
    const path = [...at, 'kubeadmConfigPatches', index]
    for (const fields of documentsOf(text, path, report)) {
      const { kind } = fields
      const rest = Object.entries(fields).filter(([name]) => !ofEveryObject.includes(name))
      if (isKnown(kind)) lay(kind, path, (before) => mergePatch(before, Object.fromEntries(rest)) as Fields)
      else report.lacks(path, `a patch of ${named(kind)}`, `patches of ${kinds.join(', ')} are read`)
    }
  })
  kubeadmConfigPatchesJSON6902.forEach(({ kind, patch }, index) => {
    const path = [...at, 'kubeadmConfigPatchesJSON6902', index]
    if (!isKnown(kind)) {
      report.lacks(path, `a patch of ${named(kind)}`, `patches of ${kinds.join(', ')} are read`)
      return
    }
    lay(kind, path, (before) => operated(kind, before, patch, path, report))
  })
  return patched
}

function documentsOf(text: string, path: Path, report: Report): readonly Fields[] {
  const documents = parseAllDocuments(text)
  return (Array.isArray(documents) ? documents : []).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) {
      report.lacks(path, `a patch that is not YAML: ${error.message.split('\n')[0] ?? ''}`, 'correct it')
      return []
    }
    const value: unknown = document.toJS()
    return isRecord(value) ? [value] : []
  })
}

function operated(kind: KubeadmKind, before: Fields, text: string, path: Path, report: Report): Fields {
  let operations: unknown
  try {
    operations = parse(text)
  } catch (error) {
    report.lacks(path, `a patch that is not YAML: ${String(error).split('\n')[0] ?? ''}`, 'correct it')
    return before
  }
  if (!Array.isArray(operations)) {
    report.lacks(path, 'a JSON patch that is no list of operations', 'write it as RFC 6902 has it')
    return before
  }
  // It is changed in place.
  const target = structuredClone(mergePatch(bases[kind], before)) as Fields
  const failures = applyPatch(target, operations as Operation[])
  const failed = failures.findIndex((failure) => failure !== null)
  if (failed === -1) return withoutEmpty(target, bases[kind])
  const { op, path: where } = operations[failed] as { readonly op?: string; readonly path?: string }
  report.lacks(
    path,
    `a JSON patch that cannot be applied: ${op ?? ''} ${where ?? ''}: ${failures[failed]?.message ?? ''}`,
    'its objects are empty but for what the file has: write it as a merge patch (kubeadmConfigPatches)',
  )
  return before
}

/** Without what is in `base` only to be found, and is as empty as there. */
function withoutEmpty(fields: Fields, base: object): Fields {
  const known = base as Fields
  const kept = Object.entries(fields).flatMap(([name, value]) => {
    const inner = known[name]
    const now = isRecord(value) && isRecord(inner) ? withoutEmpty(value, inner) : value
    const isEmpty = typeof now === 'object' && now !== null && Object.keys(now).length === 0
    return inner !== undefined && isEmpty ? [] : [[name, now] as const]
  })
  return Object.fromEntries(kept)
}

function isKnown(kind: unknown): kind is KubeadmKind {
  return (kinds as readonly unknown[]).includes(kind)
}

function named(kind: unknown): string {
  return typeof kind === 'string' ? `kind "${kind}"` : 'no kind'
}
