import { expect, test } from 'vitest'
import { diagnose } from './diagnose.js'
import { object, snapshotOf } from './fake-snapshot.js'

test('a cluster that is paused is told of, and is no fault', async () => {
  const stopped = { phase: 'pending', ready: false, reason: 'its StatefulSet was scaled to 0' } as const
  const host = { 'q-cp-0': stopped, 'q-worker-0': stopped }
  const { findings } = diagnose(await snapshotOf({ persistent: true, record: { phase: 'Paused' }, host }))
  expect(findings).toMatchObject([{ severity: 'note', reason: 'ClusterPaused' }])
  expect(findings[0]?.remedy).toContain('`knest resume q -n knest-q`')
})

test('no secret is shown, wherever it was said', async () => {
  const token = 'abcdef.0123456789abcdef'
  const said = `failed to join with --token=${token} at https://admin:hunter22@registry.test`
  const { findings } = diagnose(
    await snapshotOf({
      lastWords: [{ part: 'kube-scheduler', node: 'q-cp-0', said }],
      says: { 'q-worker-0': `kubelet inactive\nkubelet-health \nkubelet-said E0601 ${said}` },
      host: { 'q-cp-0': { trouble: `container "a", which knest did not make: ${said}` } },
      checks: [{ severity: 'error', message: said, hint: said }],
    }),
  )
  expect(findings).toHaveLength(4)
  expect(JSON.stringify(findings)).not.toMatch(/0123456789abcdef|hunter22/)
})

test('what follows from what is named is not named as well', async () => {
  const services = 'containerd inactive\ncontainerd-answers no\nkubelet inactive\nkubelet-health '
  const worker = { phase: 'pending', ready: false, reason: 'no pod yet', hostNode: undefined } as const
  const event = {
    reason: 'FailedCreate',
    message: 'pods "q-worker-0-0" is forbidden: exceeded quota: small',
    involvedObject: { kind: 'StatefulSet', name: 'q-worker-0' },
  }
  const seen = {
    says: { 'q-cp-0': services },
    host: { 'q-worker-0': worker },
    hostObjects: { refusals: [object('Event', 'e', event, 'knest-q')] },
  }
  const { findings } = diagnose(await snapshotOf(seen))
  expect(findings.map(({ reason, object: about }) => `${reason} ${about}`)).toEqual([
    'QuotaExceeded node/q-worker-0',
    'ContainerdDown node/q-cp-0',
  ])
})

test('errors come before warnings, and these before notes', async () => {
  const { findings } = diagnose(
    await snapshotOf({
      answerMs: 9_000,
      clocks: { 'q-worker-0': 90 },
      nested: [object('Deployment', 'coredns', { spec: { replicas: 0 } }, 'kube-system')],
      checks: [{ reason: 'VmsEmulated', severity: 'warning', message: 'emulates', hint: 'use KVM' }],
    }),
  )
  expect(findings.map(({ severity }) => severity)).toEqual(['error', 'warning', 'warning', 'note'])
})
