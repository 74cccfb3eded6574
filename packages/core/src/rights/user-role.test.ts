import { describe, expect, it } from 'vitest'
import { clusterRoleName } from '../home/controller-binding.js'
import { hostViewRole, hostViewRules, userRole, userRules } from './user-role.js'

const jane = { kind: 'User', name: 'jane' } as const

describe('the rights of a user of one namespace', () => {
  it('name every group, kind and verb', () => {
    expect(JSON.stringify([userRules, hostViewRules])).not.toContain('*')
  })

  it('make and remove no namespace, and give nobody more than one has', () => {
    const verbsOf = (resource: string): readonly string[] =>
      userRules.filter(({ resources }) => resources.includes(resource)).flatMap(({ verbs }) => verbs)
    expect(verbsOf('namespaces')).toEqual(['get'])
    expect(verbsOf('nodes')).toEqual([])
    // RBAC refuses to bind what one does not have oneself, but for this.
    expect(userRules.filter(({ verbs }) => verbs.includes('bind'))).toMatchObject([
      { resources: ['clusterroles'], resourceNames: [clusterRoleName] },
    ])
    for (const resource of ['roles', 'rolebindings', 'clusterroles'])
      expect(verbsOf(resource)).not.toContain('escalate')
  })

  it('of the whole host are to look at, without Secrets and pods', () => {
    expect(new Set(hostViewRules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['get', 'list']))
    const resources = hostViewRules.flatMap((rule) => [...rule.resources])
    expect(resources).not.toContain('secrets')
    expect(resources).not.toContain('pods')
  })
})

describe('the objects', () => {
  it('are a Role and a binding for each, so that the next one takes nothing from anybody', () => {
    const ci = { kind: 'ServiceAccount', namespace: 'team', name: 'ci' } as const
    const [role, ...bindings] = userRole('team', [jane, { kind: 'Group', name: 'devs' }, ci])
    expect(role).toMatchObject({ kind: 'Role', metadata: { name: 'knest-user', namespace: 'team' } })
    expect(bindings.map(({ metadata, subjects }): unknown => [metadata, subjects])).toMatchObject([
      [{ name: 'knest-user:user:jane', namespace: 'team' }, [{ kind: 'User', name: 'jane' }]],
      [{ name: 'knest-user:group:devs', namespace: 'team' }, [{ kind: 'Group', name: 'devs' }]],
      [{ name: 'knest-user:serviceaccount:team:ci', namespace: 'team' }, [ci]],
    ])
  })

  it.each([
    ['oidc:/team', 'knest-user:group:oidc:=2fteam'],
    ['100%', 'knest-user:group:100=25'],
    ['oidc:=2fteam', 'knest-user:group:oidc:=3d2fteam'],
    ['cn=devs', 'knest-user:group:cn=3ddevs'],
    ['Jane@Example.com', 'knest-user:group:Jane@Example.com'],
  ])('have names that RBAC takes, also for %s', (name, expected) => {
    const [, binding] = userRole('team', [{ kind: 'Group', name }])
    expect(binding?.metadata.name).toBe(expected)
    expect(binding?.subjects).toMatchObject([{ name }])
  })

  it('of the whole host are apart', () => {
    expect(hostViewRole([jane]).map(({ kind, metadata }) => [kind, metadata])).toEqual([
      ['ClusterRole', { name: 'knest-host-view' }],
      ['ClusterRoleBinding', { name: 'knest-host-view:user:jane' }],
    ])
  })
})
