import type { Duplex } from 'node:stream'
import { KnestError, onAbort, openDeadline, seconds, startLimit } from '@knest/core'
import ssh2 from 'ssh2'
import type { Client } from 'ssh2'

export interface SshIdentity {
  /** As in `node "quickstart-worker-0"`; for messages. */
  readonly subject: string
  /** Private key of knest, OpenSSH format. */
  readonly privateKey: string
  /** The only host key that is accepted: a line as in `ssh-ed25519 AAAA…`. */
  readonly hostPublicKey: string
}

export interface SshLimits {
  /** Until the server says that it speaks SSH: one that is about to end accepts and says nothing. */
  readonly bannerMs: number
  /** Until keys are agreed on and the login has succeeded. */
  readonly loginMs: number
  readonly keepaliveMs: number
}

export const usualLimits: SshLimits = { bannerMs: 15_000, loginMs: 30_000, keepaliveMs: 15_000 }

/** Keepalives that may go unanswered before the connection counts as lost. */
const keepaliveMisses = 4

/** Trying again cannot help. */
export class SshRefused extends KnestError {
  override readonly name = 'SshRefused'
}

/**
 * Logs in as root over a byte stream. Rejects with SshRefused when the host key or our key is a wrong one,
 * with `timeout` when an answer does not come, else with `host-unreachable`.
 */
export function connectSsh(
  stream: Duplex,
  identity: SshIdentity,
  limits: SshLimits,
  signal: AbortSignal,
): Promise<Client> {
  const { subject } = identity
  const pinned = Buffer.from(identity.hostPublicKey.split(' ')[1] ?? '', 'base64')
  let strange = false
  let awaited = 'a banner'
  const deadline = openDeadline(signal, limits.bannerMs + limits.loginMs, () =>
    silent(subject, awaited, limits),
  )
  return new Promise<Client>((resolve, reject) => {
    const client = new ssh2.Client()
    const forgetBanner = startLimit(limits.bannerMs, () => fail(silent(subject, awaited, limits)))
    const settle = (): void => {
      forgetBanner()
      deadline.clear()
      forget()
    }
    const fail = (error: KnestError): void => {
      settle()
      client.destroy()
      stream.destroy()
      reject(error)
    }
    const forget = onAbort(deadline.signal, fail)
    client.once('ready', () => {
      settle()
      resolve(client)
    })
    // Never removed: late errors of a connection must not end the process; it closes as well.
    client.on('error', (error) => fail(strange ? wrongHostKey(subject) : failure(subject, error)))
    client.once('close', () => fail(closed(subject, awaited)))
    client.connect({
      sock: stream,
      username: 'root',
      privateKey: identity.privateKey,
      authHandler: ['publickey'],
      algorithms: { serverHostKey: ['ssh-ed25519'] },
      hostVerifier: (key: Buffer) => {
        strange = !key.equals(pinned)
        return !strange
      },
      readyTimeout: 0,
      keepaliveInterval: limits.keepaliveMs,
      keepaliveCountMax: keepaliveMisses,
    })
    stream.once('data', () => {
      forgetBanner()
      awaited = 'the login'
    })
  })
}

function silent(subject: string, awaited: string, { bannerMs, loginMs }: SshLimits): KnestError {
  const waited = awaited === 'a banner' ? bannerMs : bannerMs + loginMs
  return new KnestError(
    'timeout',
    `the SSH server of ${subject} did not send ${awaited} within ${seconds(waited)}`,
  )
}

function closed(subject: string, awaited: string): KnestError {
  return new KnestError(
    'host-unreachable',
    `the SSH server of ${subject} closed the connection before ${awaited}`,
  )
}

function wrongHostKey(subject: string): KnestError {
  return new SshRefused('conflict', `${subject} shows another SSH host key than the one knest gave it`, {
    hint: 'nothing was sent to it; is another machine at its address? Replace the node if its disk was changed',
  })
}

function failure(subject: string, error: Error & { readonly level?: string }): KnestError {
  if (error.level === 'client-authentication') {
    return new SshRefused('not-permitted', `${subject} does not let knest in: its key is not accepted`, {
      hint: 'does the VM image run cloud-init and let root log in with a key?',
      cause: error,
    })
  }
  return new KnestError('host-unreachable', `SSH with ${subject} failed: ${error.message}`, { cause: error })
}
