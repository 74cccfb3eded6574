import ssh2 from 'ssh2'

export interface SshKeyPair {
  /** One line, as in `ssh-ed25519 AAAA…`. */
  readonly public: string
  /** OpenSSH format. */
  readonly private: string
}

// OpenSSH's "ssh-ed25519" and 32 bytes, and the length before the 64 bytes of a private key.
const publicLength = 4 + 11 + 4 + 32
const privateStart = Buffer.from([0, 0, 0, 64])

/** A new ed25519 key pair. Those of node:crypto come in PKCS#8, which ssh2 1.17 does not read. */
export function newKeyPair(comment: string): SshKeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment })
    if (isWhole(pair)) return pair
  }
}

/** ssh2 1.17 drops a leading zero byte: OpenSSH refuses one of its keys in 128 ("error in libcrypto"). */
function isWhole(pair: SshKeyPair): boolean {
  const [, line = ''] = pair.public.split(' ')
  const text = pair.private.split('\n').filter((each) => !each.startsWith('-----'))
  return (
    Buffer.from(line, 'base64').length === publicLength &&
    Buffer.from(text.join(''), 'base64').includes(privateStart)
  )
}
