import type { Duplex } from 'node:stream'
import ssh2 from 'ssh2'
import type { ServerChannel, Session } from 'ssh2'
import type { GuestKeys } from './guests.js'
import type { Outcome } from './outcome.js'

/** Runs a command line of a guest with what came in; gives how it ended, or rejects when the guest goes away. */
export type RunInGuest = (commandLine: string, stdin: Buffer) => Promise<Outcome>

/** One of each, so that a connection takes the same turns wherever it is opened. */
const algorithms = {
  kex: ['curve25519-sha256'],
  cipher: ['aes128-gcm@openssh.com'],
  compress: ['none'],
} satisfies ssh2.Algorithms

/** The SSH server of a guest on one connection: the real protocol, with the keys of its cloud-init. */
export function serveGuest(stream: Duplex, { hostKey, authorizedKey }: GuestKeys, run: RunInGuest): void {
  const authorized = Buffer.from(authorizedKey.split(' ')[1] ?? '', 'base64')
  const server = new ssh2.Server({ hostKeys: [hostKey], algorithms }, (client) => {
    client.on('error', () => undefined)
    client.on('authentication', (attempt) => {
      const isKnown = attempt.method === 'publickey' && attempt.key.data.equals(authorized)
      if (isKnown && attempt.username === 'root') attempt.accept()
      else attempt.reject(['publickey'])
    })
    client.on('session', (accept) => serveSession(accept(), run))
  })
  // It takes any byte stream; its types say a socket.
  Reflect.apply(Reflect.get(server, 'injectSocket'), server, [stream])
}

function serveSession(session: Session, run: RunInGuest): void {
  session.on('exec', (accept, _reject, { command }) => {
    const channel = accept()
    channel.on('error', () => undefined)
    const commandLine = command.replace(/ <\/dev\/null$/, '')
    const answer = (stdin: Buffer): void => {
      run(commandLine, stdin).then(
        (outcome) => end(channel, outcome),
        // The guest is gone, and its connections with it.
        () => undefined,
      )
    }
    if (commandLine !== command) {
      channel.resume()
      answer(Buffer.alloc(0))
      return
    }
    const pieces: Buffer[] = []
    channel.on('data', (piece: Buffer) => pieces.push(piece))
    channel.once('end', () => answer(Buffer.concat(pieces)))
  })
}

function end(channel: ServerChannel, { exitCode, stdout, stderr }: Outcome): void {
  if (!channel.writable) return
  if (stdout !== '') channel.write(stdout)
  if (stderr !== '') channel.stderr.write(stderr)
  channel.exit(exitCode)
  channel.end()
}
