import { expect, it } from 'vitest'
import type { KubeObject } from '@knest/core'
import { vmiKind, vmKind } from './kubevirt.js'
import { vmState } from './vm-state.js'

const metadata = { name: 'q-cp-0', namespace: 'knest-q' }
const vm = (spec: object): KubeObject => ({ ...vmKind, metadata, spec })
const always = vm({ runStrategy: 'Always' })
const halted = vm({ runStrategy: 'Halted' })
const runs = {
  phase: 'Running',
  interfaces: [{ ipAddress: '10.1.0.4' }],
  conditions: [{ type: 'Ready', status: 'True' }],
}
const vmi: KubeObject = { ...vmiKind, metadata, status: runs }
const going: KubeObject = { ...vmi, metadata: { ...metadata, deletionTimestamp: '2026-11-29T07:53:57Z' } }

it.each([
  ['a VM that runs', always, vmi, false, 'running'],
  ['a VM between two instances', always, undefined, false, 'pending'],
  ['a VM whose instance is going', always, going, false, 'pending'],
  ['a VM that was stopped', halted, undefined, true, 'pending'],
  ['a VM that was stopped in the older way', vm({ running: false }), undefined, true, 'pending'],
  ['a VM that was stopped and shuts down', halted, going, true, 'pending'],
  ['a VM that was stopped a moment ago', halted, vmi, false, 'running'],
  ['an instance whose VM is gone', undefined, vmi, true, 'deleting'],
  ['a disk', undefined, undefined, true, 'pending'],
])(
  'knows whether the host starts a node again of which there is %s',
  (_title, machine, instance, abandoned, phase) => {
    expect(vmState(machine, instance)).toMatchObject({ abandoned, phase })
  },
)
