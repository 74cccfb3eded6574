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
export function authProviderToken({ name, config }: AuthProvider, now: () => number = Date.now): string {
  if (name !== 'oidc') {
    const successor = successors[name]
    throw new KnestError('not-permitted', `kubectl no longer has the auth-provider "${name}" of this user`, {
      hint:
        successor === undefined
          ? 'use a login plugin (exec) instead'
          : `use the login plugin "${successor}" (exec) instead`,
    })
  }
  const token = config.get('id-token') ?? ''
  if (token !== '' && expiryOf(token) > now() + oidcMarginMs) return token
  throw new KnestError('not-permitted', 'the token of the auth-provider "oidc" has expired', {
    hint: 'run any kubectl command with this context, which renews it; then run this again',
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
