import type { ConnectionOverrides } from 'knest'

/** One kubeconfig that kubectl and knest must take for the same user, or must both refuse. */
export interface KubeconfigCase {
  /** What people report of it. */
  readonly report: string
  /** Whether kubectl takes it: a test of the test. */
  readonly works: boolean
  /** Text with `{{…}}` for what is known when the test runs; a group is written as JSON. */
  readonly kubeconfig: string | object
  /** Further files of the folder; those that begin with `#!` may be run. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly context?: string
  /** What is given beside it, with `{{…}}` as well. */
  readonly flags?: ConnectionOverrides
  /** By default `$KUBECONFIG` is `{{folder}}/config`. */
  readonly explicit?: boolean
}

type Group = Readonly<Record<string, unknown>>

export const here = { server: '{{server}}', 'certificate-authority-data': '{{ca}}' }
export const admin = { 'client-certificate-data': '{{cert}}', 'client-key-data': '{{key}}' }
export const account = { token: '{{token}}' }

/** A kubeconfig of one context. */
export function config(user: Group, cluster: Group = here, more: Group = {}): Group {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    clusters: [{ name: 'a', cluster }],
    users: [{ name: 'a', user }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    ...more,
  }
}

export const named = { ...here, server: 'https://api.corp.test:6443', 'tls-server-name': 'kubernetes' }
export const plugin = {
  command: './login',
  apiVersion: 'client.authentication.k8s.io/v1',
  interactiveMode: 'Never',
}
export const login = (status: string, before = ''): string =>
  `#!/bin/sh\n${before}\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":${status}}'\n`
export const byToken = login('{"token":"{{token}}"}')

export const yaml = `apiVersion: v1
kind: Config
current-context: a
clusters:
- name: a
  cluster: {server: "{{server}}", certificate-authority-data: {{ca}}}
users:
- name: a
  user: {token: "{{token}}"}
contexts:
- name: a
  context: {cluster: a, user: a}
`
