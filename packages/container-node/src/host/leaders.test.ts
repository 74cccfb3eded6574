import { expect, it } from 'vitest'
import { createEngine } from '../engine/engine.js'
import { programs, type Programs } from '../engine/program.js'
import { electedLeaders, endElections } from './leaders.js'

const { signal } = new AbortController()
const folder = '/etc/kubernetes/manifests'
const both = ['kube-controller-manager', 'kube-scheduler']

it.each([
  ['those that elect', `${folder}/kube-controller-manager.yaml\n${folder}/kube-scheduler.yaml\n`, both],
  ['the one that is left of a change that was cut off', `${folder}/kube-scheduler.yaml\n`, both.slice(1)],
  ['none of a host that was made without', '', []],
])('leaders of a host: %s', async (_, stdout, names) => {
  const scripts: string[] = []
  const run: Programs['run'] = (argv) => {
    const isScript = argv.includes('sh')
    if (isScript) scripts.push(argv.at(-1) ?? '')
    return Promise.resolve({ exitCode: isScript ? 0 : 1, stdout, stderr: '' })
  }
  const engine = createEngine('podman', { ...programs, run }, true, {})
  expect(await electedLeaders(engine, 'a-cp-0', signal)).toEqual(names)
  expect(await endElections(engine, 'a-cp-0', signal)).toEqual(names)
  expect(scripts).toHaveLength(names.length === 0 ? 0 : 1)
})
