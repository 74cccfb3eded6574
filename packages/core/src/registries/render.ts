import { createHash } from 'node:crypto'
import type { RegistrySpec } from '../contracts/registries.js'
import { registriesFolder } from '../node/registries.js'
import type { Login } from './secret.js'

/** A registry with what its spec refers to. */
export interface KnownRegistry extends RegistrySpec {
  /** In PEM. */
  readonly certificates?: string | undefined
  /** By the server they are for; `undefined`: the registry itself. */
  readonly logins?: ReadonlyMap<string | undefined, Login> | undefined
}

export interface RegistryFiles {
  /** Same files, same digest; undefined when there are none. */
  readonly digest: string | undefined
  /** Folders in containerd's, with their files. */
  readonly hosts: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** What kubelet takes credentials from; undefined when there are none. */
  readonly credentials: string | undefined
}

/** The files by which containerd and kubelet know registries. Pure. */
export function renderRegistries(registries: readonly KnownRegistry[]): RegistryFiles {
  const hosts = new Map(
    registries
      .filter(isForContainerd)
      .map((registry) => [folderOf(registry.host), filesOf(registry)] as const),
  )
  const auths = registries.flatMap((registry): [string, object][] => {
    const login = ownLogin(registry)
    return login === undefined ? [] : [[kubeletName(registry.host), { auth: basic(login) }]]
  })
  const credentials =
    auths.length === 0 ? undefined : `${JSON.stringify({ auths: Object.fromEntries(auths) })}\n`
  if (hosts.size === 0 && credentials === undefined) return { digest: undefined, hosts, credentials }
  const text = JSON.stringify([[...hosts], credentials ?? null])
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return { digest, hosts, credentials }
}

/** Credentials alone are for kubelet. */
function isForContainerd({ mirrors, certificates, insecure }: KnownRegistry): boolean {
  return mirrors !== undefined || certificates !== undefined || insecure === true
}

function folderOf(host: string): string {
  return host === '*' ? '_default' : host
}

/** A login without a server is the registry's, and containerd gives it to the mirrors that ask for one. */
function ownLogin({ host, logins }: KnownRegistry): Login | undefined {
  return logins?.get(undefined) ?? logins?.get(host)
}

/** kubelet knows Docker Hub by the name that docker login gives it. */
function kubeletName(host: string): string {
  return host === 'docker.io' ? 'https://index.docker.io/v1/' : host
}

function basic({ username, password }: Login): string {
  return Buffer.from(`${username}:${password}`).toString('base64')
}

function filesOf(registry: KnownRegistry): Readonly<Record<string, string>> {
  const { host, mirrors = [], certificates } = registry
  const trust = trustLines(registry)
  // containerd 1.7 reads no file that has no table.
  const tables =
    mirrors.length > 0
      ? mirrors.map((url) => mirrorTable(registry, url))
      : [[`[host."https://${host === 'docker.io' ? 'registry-1.docker.io' : host}"]`, ...trust]]
  const lines = [
    '# Written by knest, from spec.registries.',
    ...trust,
    ...tables.flatMap((table) => ['', ...table]),
  ]
  return {
    'hosts.toml': `${lines.join('\n')}\n`,
    ...(certificates === undefined ? {} : { 'ca.crt': certificates }),
  }
}

function trustLines({ host, certificates, insecure }: KnownRegistry): readonly string[] {
  const ca = `${registriesFolder}/${folderOf(host)}/ca.crt`
  return [
    ...(certificates === undefined ? [] : [`ca = ${quoted(ca)}`]),
    ...(insecure === true ? ['skip_verify = true'] : []),
  ]
}

function mirrorTable(registry: KnownRegistry, url: string): readonly string[] {
  const { protocol, host, pathname } = new URL(url)
  const login = registry.logins?.get(host)
  const header = login === undefined ? [] : [`Authorization = ${quoted(`Basic ${basic(login)}`)}`]
  return [
    `[host.${quoted(url)}]`,
    'capabilities = ["pull", "resolve"]',
    // What is asked of plain HTTP with a certificate in mind is asked of HTTPS first.
    ...(protocol === 'https:' ? trustLines(registry) : []),
    // As in https://harbor.example/v2/proxy: containerd would add another /v2.
    ...(/\/v2\/./.test(pathname) ? ['override_path = true'] : []),
    ...(header.length === 0 ? [] : [`[host.${quoted(url)}.header]`, ...header]),
  ]
}

/** JSON's texts are among TOML's. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
