import { expect, it } from 'vitest'
import { emptyUser } from '../kubeconfig/parse.js'
import { impersonationHeaders } from './impersonation.js'

it('asks to be somebody else with the headers of client-go', () => {
  const headers = impersonationHeaders({
    ...emptyUser,
    as: 'müller',
    asUid: '7',
    asGroups: ['dev', 'ops'],
    asUserExtra: new Map([
      ['example.org/Reason', ['a', 'b']],
      ['acme.com%2fproject', ['c']],
      ['nothing', []],
    ]),
  })
  expect(headers).toEqual({
    'impersonate-user': Buffer.from('müller').toString('latin1'),
    'impersonate-uid': '7',
    'impersonate-group': ['dev', 'ops'],
    'impersonate-extra-example.org%2freason': ['a', 'b'],
    'impersonate-extra-acme.com%252fproject': ['c'],
  })
  expect(impersonationHeaders(emptyUser)).toEqual({})
  expect(() => impersonationHeaders({ ...emptyUser, as: 'a\r\nImpersonate-Group: b' })).toThrow(
    '"as" of the kubeconfig',
  )
})
