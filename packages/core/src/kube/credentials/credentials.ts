import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import tls from 'node:tls'
import { KnestError } from '../../errors.js'
import type { ClusterEntry, UserEntry } from '../kubeconfig/model.js'
import { secureContexts } from '../secure-context.js'
import { authProviderToken, checkAuthProvider } from './auth-provider.js'
import type { PluginCredentials } from './exec-credential.js'
import { execLogin, type ExecLogin } from './exec-login.js'
import { headerValue, impersonationHeaders, type Headers } from './impersonation.js'
import { systemAuthorities } from './system-authorities.js'
import { openTokenFile } from './token-file.js'

/** TLS settings and headers for one request or socket. Holds secrets. */
export interface Credentials {
  readonly tls: tls.ConnectionOptions
  readonly headers: Headers
}

export interface CredentialSource {
  /** Runs the user's login plugin when there is one and nothing of it is valid. Throws `config`, `not-permitted`. */
  get(): Promise<Credentials>
  /** After the server refused these (401): true when there are others now, for the same request. */
  renew(refused: Credentials): Promise<boolean>
}

interface Identity {
  readonly authorization: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

const nobody: Identity = { authorization: undefined, cert: undefined, key: undefined }

/**
 * Who one is for a cluster, as client-go decides it. Over plain HTTP only whom to impersonate is sent: neither tokens
 * nor passwords. `whose` is for messages, as in `context "kind"`.
 */
export function openCredentials(
  cluster: ClusterEntry,
  user: UserEntry,
  secure: boolean,
  whose: string,
): CredentialSource {
  const asked = impersonationHeaders(user)
  if (!secure) {
    const plain = { tls: {}, headers: asked }
    return { get: () => Promise.resolve(plain), renew: () => Promise.resolve(false) }
  }
  const contextOf = secureContexts()
  let server: tls.ConnectionOptions | undefined
  const identity = openIdentity(cluster, user, () => readAuthority(cluster))
  const identities = new WeakMap<Credentials, Identity>()
  return {
    get: async () => {
      server ??= serverOptions(cluster, whose)
      if (user.authProvider !== undefined) checkAuthProvider(user.authProvider)
      const who = await identity.get()
      const { cert, key } = who
      const secureContext = contextOf({ ca: server.ca, cert, key })
      if (secureContext === undefined)
        throw new KnestError('config', `the certificates and keys of ${whose} cannot be used`, {
          hint: 'check that they are PEM, and that the client key is of the client certificate',
        })
      const authorization = who.authorization === undefined ? {} : { authorization: who.authorization }
      const found = {
        tls: { ...server, cert, key, secureContext },
        headers: { ...authorization, ...asked },
      }
      identities.set(found, who)
      return found
    },
    renew: (refused) => identity.renew(identities.get(refused) ?? nobody),
  }
}

interface IdentitySource {
  get(): Promise<Identity>
  renew(refused: Identity): Promise<boolean>
}

/** A certificate, and with it one of token, password and login plugin, in client-go's order. */
function openIdentity(cluster: ClusterEntry, user: UserEntry, authority: () => Buffer): IdentitySource {
  const hasCertificate = user.clientCertificate !== '' || user.clientCertificateData.length > 0
  const withCertificate = (authorization: string | undefined): Identity => {
    if (!hasCertificate) return { ...nobody, authorization }
    return {
      authorization,
      cert: readData(user.clientCertificateData, user.clientCertificate, 'client-certificate'),
      key: readData(user.clientKeyData, user.clientKey, 'client-key'),
    }
  }
  const fixed = (authorization: () => string | undefined): IdentitySource => ({
    get: () => promised(() => withCertificate(authorization())),
    renew: () => Promise.resolve(false),
  })
  if (user.token !== '' && user.tokenFile === '') return fixed(() => bearer(user.token))
  if (user.tokenFile !== '') {
    const file = openTokenFile(user.tokenFile, user.token)
    return {
      get: () => promised(() => withCertificate(bearer(file.token()))),
      renew: ({ authorization }) => promised(() => file.renew((authorization ?? '').replace('Bearer ', ''))),
    }
  }
  if (user.username !== '' || user.password !== '') {
    const pair = Buffer.from(`${user.username}:${user.password}`).toString('base64')
    return fixed(() => `Basic ${pair}`)
  }
  const { authProvider, exec } = user
  if (authProvider !== undefined) return fixed(() => bearer(authProviderToken(authProvider)))
  if (exec !== undefined && !hasCertificate)
    return ofPlugin(execLogin(exec, { entry: cluster, ca: exec.provideClusterInfo ? authority() : empty }))
  return fixed(() => undefined)
}

const empty = Buffer.alloc(0)

/** What it throws becomes a rejection. */
function promised<T>(work: () => T): Promise<T> {
  return Promise.resolve().then(work)
}

function ofPlugin(login: ExecLogin): IdentitySource {
  const given = new WeakMap<Identity, PluginCredentials>()
  return {
    get: async () => {
      const credentials = await login.credentials()
      const { token, certificate } = credentials
      const identity: Identity = {
        authorization: token === '' ? undefined : bearer(token),
        cert: certificate?.cert,
        key: certificate?.key,
      }
      given.set(identity, credentials)
      return identity
    },
    renew: async (refused) => {
      const credentials = given.get(refused)
      return credentials !== undefined && (await login.renew(credentials)) !== credentials
    },
  }
}

function bearer(token: string): string {
  return headerValue(`Bearer ${token}`, 'token')
}

function serverOptions(cluster: ClusterEntry, whose: string): tls.ConnectionOptions {
  const ca = readAuthority(cluster)
  if (ca.length > 0 && cluster.insecureSkipTlsVerify)
    throw new KnestError(
      'config',
      `the cluster of ${whose} has a certificate authority and insecure-skip-tls-verify`,
      {
        hint: 'remove one of them',
      },
    )
  if (ca.length > 0 && !ca.includes('-----BEGIN CERTIFICATE-----'))
    throw new KnestError('config', `the certificate authority of ${whose} holds no certificate`, {
      hint: 'it must be PEM',
    })
  const name = cluster.tlsServerName
  return {
    // Also said when it is true: NODE_TLS_REJECT_UNAUTHORIZED decides otherwise.
    rejectUnauthorized: !cluster.insecureSkipTlsVerify,
    ...authorityOption(ca, cluster.insecureSkipTlsVerify),
    ...(name === '' ? {} : serverName(name)),
  }
}

function authorityOption(ca: Buffer, insecure: boolean): { readonly ca?: string } {
  if (ca.length > 0) return { ca: ca.toString('utf8') }
  const system = insecure ? undefined : systemAuthorities(process.env)
  return system === undefined ? {} : { ca: system }
}

/** TLS does not send addresses as the server's name, yet a certificate may be for one. */
function serverName(name: string): tls.ConnectionOptions {
  if (isIP(name) === 0) return { servername: name }
  return {
    servername: '',
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
  }
}

function readAuthority({ certificateAuthority, certificateAuthorityData }: ClusterEntry): Buffer {
  if (certificateAuthorityData.length > 0 || certificateAuthority === '') return certificateAuthorityData
  return readFile(certificateAuthority, 'certificate-authority')
}

function readData(data: Buffer, file: string, field: string): string {
  return (data.length > 0 ? data : readFile(file, field)).toString('utf8')
}

function readFile(file: string, field: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new KnestError('config', `the ${field} "${file}" of the kubeconfig cannot be read`, {
      hint: 'check its owner and mode, or name another file in the kubeconfig',
      cause: error,
    })
  }
}
