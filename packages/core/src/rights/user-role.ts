import type { KubeObject } from '../contracts/kubernetes.js'
import { namespaceRules } from './namespace-rules.js'
import { rule, type PolicyRule } from './policy-rule.js'

/** Who is given rights, as in the subjects of a RoleBinding. */
export type RoleSubject =
  | { readonly kind: 'User' | 'Group'; readonly name: string }
  | { readonly kind: 'ServiceAccount'; readonly namespace: string; readonly name: string }

const group = 'rbac.authorization.k8s.io'
const apiVersion = `${group}/v1`
/** Of the Role in the namespace. */
const userRoleName = 'knest-user'
/** Of the ClusterRole. */
const hostViewName = 'knest-host-view'

/** What a user of one namespace needs in it. The namespace itself is looked at, and neither made nor removed. */
export const userRules: readonly PolicyRule[] = [
  ...namespaceRules,
  rule('', ['namespaces'], ['get']),
  // The controller of the host works in the namespace as long as a cluster there lets it, by a binding of this role.
  rule(group, ['rolebindings'], ['get', 'create', 'patch', 'delete']),
  named(rule(group, ['clusterroles'], ['bind']), 'knest-cluster'),
]

/**
 * What a user of one namespace looks at of the whole host. Without it everything works, and less is known before:
 * ranges of the host's network, images and room of its nodes, whether this machine reaches them.
 */
export const hostViewRules: readonly PolicyRule[] = [
  rule('', ['nodes'], ['get', 'list']),
  rule('storage.k8s.io', ['storageclasses'], ['get', 'list']),
  rule('networking.k8s.io', ['servicecidrs'], ['list']),
  // Which host it is: its uid.
  named(rule('', ['namespaces'], ['get']), 'kube-system'),
  // Whether a controller looks after clusters.
  named(rule('apps', ['deployments'], ['get']), 'knest-controller'),
]

/** The Role with which all of knest works in one namespace but making it, and who has it. Pure. */
export function userRole(namespace: string, subjects: readonly RoleSubject[]): readonly KubeObject[] {
  const roleRef = { apiGroup: group, kind: 'Role', name: userRoleName }
  return [
    { apiVersion, kind: 'Role', metadata: { name: userRoleName, namespace }, rules: userRules },
    ...subjects.map((subject) => binding('RoleBinding', roleRef, subject, namespace)),
  ]
}

/** What is looked at of the whole host, and nothing of it changed, and who has it. Pure. */
export function hostViewRole(subjects: readonly RoleSubject[]): readonly KubeObject[] {
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: hostViewName }
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name: hostViewName }, rules: hostViewRules },
    ...subjects.map((subject) => binding('ClusterRoleBinding', roleRef, subject)),
  ]
}

/** One for each subject: the next one's is added, and replaces nobody's. */
function binding(
  kind: 'RoleBinding' | 'ClusterRoleBinding',
  roleRef: { readonly name: string },
  subject: RoleSubject,
  namespace?: string,
): KubeObject {
  const who = subject.kind === 'ServiceAccount' ? `${subject.namespace}:${subject.name}` : subject.name
  // Of what names of users may have, RBAC's own names take all but the first two; the third tells these apart.
  const end = who.replace(/[%/=]/g, (sign) => `=${sign.charCodeAt(0).toString(16)}`)
  return {
    apiVersion,
    kind,
    metadata: {
      name: `${roleRef.name}:${subject.kind.toLowerCase()}:${end}`,
      ...(namespace === undefined ? {} : { namespace }),
    },
    roleRef,
    subjects: [subject.kind === 'ServiceAccount' ? subject : { apiGroup: group, ...subject }],
  }
}

function named(of: PolicyRule, ...resourceNames: readonly string[]): PolicyRule {
  return { ...of, resourceNames }
}
