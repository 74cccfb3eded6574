import { describe, expect, it } from 'vitest'
import { hostSpec } from '../host/spec.js'
import { decodeLabel, encodeLabel, newRecordLabel, savedSpec, toRecord } from './record.js'

/** Of a host that knest 0.1.0 (commit 77cc724) brought up: `podCidr` and `serviceCidr` as text, and `patches`. */
const labelOfBefore =
  'eyJuYW1lIjoia25lc3QtaG9zdCIsIm5hbWVzcGFjZSI6ImVtYmVkZGVkIiwidWlkIjoiY2M1NmY4ZmEtNWQ2NS00NTk3LWE1YTktYTFkYzAzZTI1Njk0IiwiY3JlYXRlZEF0IjoiMjAyNi0xMS0yOFQwOTowMzoyMC41ODBaIiwic3BlYyI6eyJrdWJlcm5ldGVzVmVyc2lvbiI6IjEuMzUuNCIsImltYWdlIjoibG9jYWxob3N0L2tuZXN0L25vZGU6djEuMzUuNCIsImNvbnRyb2xQbGFuZSI6eyJjb3VudCI6MSwiYmFja2VuZCI6ImNvbnRhaW5lciIsIm1hY2hpbmUiOnsiY3B1Q29yZXMiOjIsIm1lbW9yeVNpemUiOiIyNDEwNk1pIiwicm9vdGZzU2l6ZSI6IjRHaSJ9fSwid29ya2VycyI6W3sibmFtZSI6IndvcmtlciIsImNvdW50IjowLCJiYWNrZW5kIjoiY29udGFpbmVyIiwibWFjaGluZSI6eyJjcHVDb3JlcyI6MiwibWVtb3J5U2l6ZSI6IjRHaSIsInJvb3Rmc1NpemUiOiI0R2kifSwibGFiZWxzIjp7fSwidGFpbnRzIjpbXX1dLCJuZXR3b3JrIjp7InBvZENpZHIiOiIxMC4yNDQuMC4wLzE2Iiwic2VydmljZUNpZHIiOiIxMC45Ni4wLjAvMTIiLCJkbnNEb21haW4iOiJjbHVzdGVyLmxvY2FsIiwiY25pIjoiZmxhbm5lbCIsInZ4bGFuUG9ydCI6ODQ3MiwibXR1IjoxMzUwfSwiZW5kcG9pbnQiOnsic2VydmljZVR5cGUiOiJDbHVzdGVySVAifSwicGVyc2lzdGVuY2UiOnsiZW5hYmxlZCI6dHJ1ZX0sInBhdGNoZXMiOltdfX0'

describe('the record of a host that the version before brought up', () => {
  const label = decodeLabel(labelOfBefore)
  if (label === undefined) throw new Error('it cannot be decoded')

  it('is read from its label', () => {
    const { spec, ...record } = toRecord(label, {})
    expect(record).toMatchObject({ name: 'knest-host', namespace: 'embedded', version: '1' })
    expect(spec).toMatchObject({
      network: { podNetworkCidr: ['10.244.0.0/16'], serviceCidr: ['10.96.0.0/12'], mtu: 1350 },
      hostPatches: [],
    })
    expect(spec).not.toHaveProperty('patches')
    expect(spec.network).not.toHaveProperty('podCidr')
  })

  it('is read from the file of an update, and written in the new spelling', () => {
    const updated = JSON.stringify({ version: 2, spec: label.spec })
    const record = toRecord(label, { 'spec.json': updated })
    expect(record).toMatchObject({ version: '2', spec: { network: { serviceCidr: ['10.96.0.0/12'] } } })
    const again = toRecord(label, { 'spec.json': savedSpec(record, record.spec) })
    expect(again).toEqual({ ...record, version: '3' })
  })
})

it('remembers the spec exactly', () => {
  const spec = hostSpec(undefined, [])
  const label = newRecordLabel({ name: 'a', namespace: 'embedded' }, spec, new Date())
  const read = decodeLabel(encodeLabel(label))
  expect(read).toEqual(label)
  expect(read === undefined ? undefined : toRecord(read, {}).spec).toEqual(spec)
})
