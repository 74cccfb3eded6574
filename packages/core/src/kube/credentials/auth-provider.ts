import { KnestError } from '../../errors.js'
import type { AuthProvider } from '../kubeconfig/model.js'

const successors: Readonly<Record<string, string>> = {
  gcp: 'gke-gcloud-auth-plugin',
  azure: 'kubelogin',
}
const oidcMarginMs = 10_000

/**
 * The token of an `auth-provider`. Of these kubectl still has `oidc`; knest takes its token as long as it is valid, and
 * leaves renewing it to kubectl, which writes the new one into the kubeconfig. Throws `not-permitted`.
 */
export function authProviderToken(provider: AuthProvider, now: () => number = Date.now): string {
  checkAuthProvider(provider)
  const { config } = provider
  const token = config.get('id-token') ?? ''
  if (token !== '' && expiryOf(token) > now() + oidcMarginMs) return token
  throw new KnestError('not-permitted', 'the token of the auth-provider "oidc" has expired', {
    hint: 'run any kubectl command with this context, which renews it; then run this again',
  })
}

/** Throws `not-permitted` for one that kubectl refuses, also where a token or password beside it would count. */
export function checkAuthProvider({ name, config }: AuthProvider): void {
  if (name !== 'oidc') {
    const successor = successors[name]
    throw new KnestError('not-permitted', `kubectl no longer has the auth-provider "${name}" of this user`, {
      hint:
        successor === undefined
          ? 'use a login plugin (exec) instead'
          : `use the login plugin "${successor}" (exec) instead`,
    })
  }
  const missing = ['idp-issuer-url', 'client-id'].find((field) => (config.get(field) ?? '') === '')
  if (missing === undefined) return
  throw new KnestError('not-permitted', `the auth-provider "oidc" of this user has no ${missing}`, {
    hint: 'repair the user in the kubeconfig; kubectl does not take it either',
  })
}

/** In milliseconds; 0 for what is no token with an end. */
function expiryOf(token: string): number {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    const { exp } = claims as { readonly exp?: unknown }
    return typeof exp === 'number' ? exp * 1000 : 0
  } catch {
    return 0
  }
}
