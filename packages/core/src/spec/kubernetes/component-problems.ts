import type {
  ComponentSettings,
  ExtraVolume,
  KubernetesSettings,
  NameAndValue,
} from '../../contracts/kubernetes-settings.js'
import type { Problem } from '../../errors.js'
import { ipFamily, labelFault, subdomainFault } from '../../values/index.js'
import { nearest } from '../nearest.js'
import type { KnownSettings, Program } from './known-settings.js'
import { ownedFlags } from './owned.js'
import { problemOf } from './problem-of.js'

const programs = {
  apiServer: 'kube-apiserver',
  controllerManager: 'kube-controller-manager',
  scheduler: 'kube-scheduler',
  etcd: 'etcd',
} as const satisfies Partial<Record<keyof KubernetesSettings, Program>>

/** Volumes of kubeadm's own static pods. */
const ownVolumes = new Set([
  ...['ca-certs', 'etc-ca-certificates', 'etc-pki', 'k8s-certs', 'usr-local-share-ca-certificates'],
  ...['usr-share-ca-certificates', 'kubeconfig', 'flexvolume-dir', 'etcd-data', 'etcd-certs'],
])

/** What is against the flags, variables and volumes of the static pods. Pure. */
export function componentProblems(settings: KubernetesSettings, known: KnownSettings): readonly Problem[] {
  return (Object.keys(programs) as (keyof typeof programs)[]).flatMap((component) => {
    const { extraArgs = [], extraEnvs = [], extraVolumes = [] }: ComponentSettings = settings[component] ?? {}
    const where = `spec.kubernetes.${component}`
    return [
      ...extraArgs.flatMap(({ name }) => flagProblem(name, programs[component], where, known) ?? []),
      ...extraEnvs.flatMap(({ name }) => variableProblem(name, where) ?? []),
      ...extraVolumes.flatMap((volume, index) => volumeProblems(volume, extraVolumes.slice(0, index), where)),
      ...unseenFiles(settings, extraArgs, extraVolumes, where),
      ...(component === 'apiServer' ? apiServerProblems(settings.apiServer, extraArgs) : []),
    ]
  })
}

function flagProblem(
  name: string,
  program: Program,
  where: string,
  { flags, minor }: KnownSettings,
): Problem | undefined {
  const owned = ownedFlags[program]
  if (Object.hasOwn(owned, name))
    return problemOf(`flag "${name}" of ${program} is knest's to set`, owned[name] ?? '')
  if (!name.startsWith('-') && flags[program].get(name) === true) return undefined
  const of = program === 'etcd' ? program : `${program} ${minor}`
  if (name.startsWith('-'))
    return problemOf(
      `flag "${name}" of ${where}.extraArgs begins with a dash`,
      `write "${name.replace(/^-+/, '')}"`,
    )
  const meant = nearest(name, [...flags[program].keys()])
  const hint = meant === undefined ? `leave it out of ${where}.extraArgs` : `did you mean "${meant}"?`
  return problemOf(`${of} has no flag "${name}"`, hint)
}

function variableProblem(name: string, where: string): Problem | undefined {
  if (/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name)) return undefined
  const hint = 'use letters, digits, "-", "_" and ".", and no digit first'
  return problemOf(`"${name}" of ${where}.extraEnvs is not the name of an environment variable`, hint)
}

function volumeProblems(
  { name, hostPath, mountPath }: ExtraVolume,
  before: readonly ExtraVolume[],
  where: string,
): readonly Problem[] {
  const what = `volume "${name}" of ${where}`
  const fault = labelFault(name, 63, /^[a-z0-9]/)
  const relative = [hostPath, mountPath].filter((path) => !path.startsWith('/'))
  return [
    ...(fault === undefined ? [] : [problemOf(`${what} ${fault}`, 'use lower-case letters, digits and "-"')]),
    ...(ownVolumes.has(name)
      ? [problemOf(`${what} has the name of a volume of kubeadm`, 'use another name')]
      : []),
    ...(before.some((other) => other.name === name)
      ? [problemOf(`${what} is there more than once`, 'give every volume its own name')]
      : []),
    ...relative.map((path) => problemOf(`path "${path}" of ${what} is not absolute`, 'begin it with "/"')),
  ]
}

/** A program that looks for its file in a folder it does not see ends at once. */
function unseenFiles(
  { files = [] }: KubernetesSettings,
  extraArgs: readonly NameAndValue[],
  volumes: readonly ExtraVolume[],
  where: string,
): readonly Problem[] {
  const isSeen = (path: string): boolean =>
    volumes.some(({ mountPath }) => path === mountPath || path.startsWith(mountPath.replace(/\/?$/, '/')))
  const usual = '/etc/kubernetes/pki/'
  return extraArgs.flatMap(({ name, value }) => {
    if (!files.some(({ path }) => path === value) || value.startsWith(usual) || isSeen(value)) return []
    const hint = `mount it by ${where}.extraVolumes: hostPath and mountPath ${value}`
    return [problemOf(`flag "${name}" names the file "${value}", which no volume of ${where} holds`, hint)]
  })
}

function apiServerProblems(
  settings: KubernetesSettings['apiServer'],
  extraArgs: readonly NameAndValue[],
): readonly Problem[] {
  const names = (settings?.certSANs ?? []).flatMap((name) => {
    const fault = ipFamily(name) === 0 ? subdomainFault(name.replace(/^\*\./, '')) : undefined
    const what = `name "${name}" of spec.kubernetes.apiServer.certSANs`
    return fault === undefined ? [] : [problemOf(`${what} ${fault}`, 'give DNS names and addresses')]
  })
  return [...names, ...extraArgs.flatMap(({ name, value }) => brokenBy(name, value) ?? [])]
}

/** Values with which no cluster comes up. */
function brokenBy(name: string, value: string): Problem | undefined {
  if (name === 'anonymous-auth' && value === 'false') {
    const hint =
      'allow anonymous requests to /livez, /readyz and /healthz only, by an AuthenticationConfiguration (flag authentication-config)'
    return problemOf(
      'flag "anonymous-auth" cannot be false: kubelet asks without credentials whether it lives',
      hint,
    )
  }
  if (name !== 'authorization-mode') return undefined
  const lacking = ['Node', 'RBAC'].filter((mode) => !value.split(',').includes(mode))
  if (lacking.length === 0) return undefined
  return problemOf(
    `flag "authorization-mode" is "${value}", without ${lacking.join(' and ')}: nodes could not work`,
    `add ${lacking.join(' and ')}, as in Node,RBAC,Webhook`,
  )
}
