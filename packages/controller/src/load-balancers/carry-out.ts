import { applyOwn, deleteFound, KnestError } from '@knest/core'
import type { HealAction, KubeApi, KubeObject } from '@knest/core'
import { recordAction } from '../events.js'
import { podKind } from '../pods.js'
import type { Plan, Step } from './decide.js'
import { cleanupFinalizer, ingressOf, serviceKind, specOf } from './objects.js'
import type { NestedRef } from './objects.js'
import { withoutNodePorts } from './render.js'

export interface BothSides {
  /** Of the host. */
  readonly api: KubeApi
  readonly nested: KubeApi
  readonly signal: AbortSignal
  /** Of a nested Service, one line. */
  readonly tell: (service: NestedRef, action: HealAction) => void
  /** Warnings that were said last, by the uid of their Service: said once. */
  readonly said: Map<string, string>
}

/**
 * Does what was decided. One Service that fails keeps no other from its own; gives the errors. Repeatable at any
 * place.
 */
export async function carryOut(plan: Plan, sides: BothSides): Promise<readonly unknown[]> {
  const { api, signal } = sides
  const labelled = await Promise.allSettled(
    plan.pods.map(({ pod: { metadata }, labels }) =>
      api.patch(
        podKind,
        metadata.name,
        metadata.namespace,
        { metadata: { uid: metadata.uid, labels } },
        { signal },
      ),
    ),
  )
  const done = await Promise.allSettled(
    plan.services.map(async ({ nested, steps }) => {
      try {
        for (const step of steps) await carryOutStep(step, nested, sides)
        if (!steps.some(isWarning)) sides.said.delete(nested.uid)
      } catch (error) {
        await tellFailure(error, nested, sides)
        throw error
      }
    }),
  )
  return [...labelled, ...done].flatMap((each) =>
    each.status === 'rejected' ? [each.reason as unknown] : [],
  )
}

async function carryOutStep(step: Step, nested: NestedRef, sides: BothSides): Promise<void> {
  const { api, signal } = sides
  switch (step.do) {
    case 'hold':
      await hold(nested, sides)
      await say(step.action, nested, sides)
      return
    case 'say':
      await say(step.action, nested, sides)
      return
    case 'apply':
      await applyHostService(api, step.object, signal)
      return
    case 'delete':
      await deleteFound(api, serviceKind, step.object, { signal })
      return
    case 'publish': {
      const patch = { metadata: { uid: nested.uid }, status: { loadBalancer: { ingress: step.ingress } } }
      await patchNested(nested, patch, sides, 'status')
      return
    }
    case 'release':
      await release(nested, step.empties, sides)
  }
}

/** With other node ports, and as a NodePort, where the host refuses those that were asked for, or load balancers. */
async function applyHostService(
  api: Pick<KubeApi, 'get' | 'apply'>,
  object: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  try {
    await applyOwn(api, object, { signal })
  } catch (error) {
    const code = error instanceof KnestError ? error.code : undefined
    const { type, loadBalancerSourceRanges, ports = [] } = specOf(object)
    if (code === 'config' && ports.some(({ nodePort }) => nodePort !== undefined)) {
      await applyHostService(api, withoutNodePorts(object), signal)
    } else if (
      code === 'not-permitted' &&
      type === 'LoadBalancer' &&
      loadBalancerSourceRanges === undefined
    ) {
      await applyHostService(api, { ...object, spec: { ...object.spec, type: 'NodePort' } as object }, signal)
    } else throw error
  }
}

async function hold(nested: NestedRef, sides: BothSides): Promise<void> {
  const service = await getNested(nested, sides)
  if (service === undefined || isHeld(service)) return
  const { finalizers = [], resourceVersion } = service.metadata
  await patchNested(
    nested,
    { metadata: { resourceVersion, finalizers: [...finalizers, cleanupFinalizer] } },
    sides,
  )
}

async function release(nested: NestedRef, empties: boolean, sides: BothSides): Promise<void> {
  const service = await getNested(nested, sides)
  if (service === undefined) return
  if (empties && ingressOf(service).length > 0) {
    const patch = { metadata: { uid: nested.uid }, status: { loadBalancer: { ingress: null } } }
    await patchNested(nested, patch, sides, 'status')
  }
  const now = await getNested(nested, sides)
  if (now === undefined || !isHeld(now)) return
  const { finalizers = [], resourceVersion } = now.metadata
  const others = finalizers.filter((each) => each !== cleanupFinalizer)
  await patchNested(nested, { metadata: { resourceVersion, finalizers: others } }, sides)
}

function isHeld({ metadata: { finalizers = [] } }: KubeObject): boolean {
  return finalizers.includes(cleanupFinalizer)
}

/** This very Service; undefined where another one has its name by now. */
async function getNested(
  { name, namespace, uid }: NestedRef,
  { nested, signal }: BothSides,
): Promise<KubeObject | undefined> {
  const found = await nested.get(serviceKind, name, namespace, signal)
  return found?.metadata.uid === uid ? found : undefined
}

async function patchNested(
  { name, namespace }: NestedRef,
  patch: unknown,
  { nested, signal }: BothSides,
  subresource?: string,
): Promise<void> {
  await nested.patch(serviceKind, name, namespace, patch, {
    signal,
    ...(subresource !== undefined && { subresource }),
  })
}

function isWarning(step: Step): boolean {
  return step.do === 'say' && step.action.type === 'Warning'
}

async function say(action: HealAction, service: NestedRef, sides: BothSides): Promise<void> {
  const { nested, said, signal, tell } = sides
  if (action.type === 'Warning') {
    if (said.get(service.uid) === action.message) return
    said.set(service.uid, action.message)
  }
  tell(service, action)
  await recordAction(nested, { ...serviceKind, ...service }, action, signal).catch((error: unknown) =>
    tell(service, { type: 'Warning', reason: 'EventNotRecorded', message: String(error) }),
  )
}

/** What passes by itself is not told. */
async function tellFailure(error: unknown, service: NestedRef, sides: BothSides): Promise<void> {
  if (sides.signal.aborted || passes(error)) return
  const message = error instanceof KnestError ? error.message : String(error)
  await say({ type: 'Warning', reason: 'SyncLoadBalancerFailed', message }, service, sides)
}

function passes(error: unknown): boolean {
  return (
    error instanceof KnestError &&
    ['host-unreachable', 'timeout', 'conflict', 'not-found'].includes(error.code)
  )
}
