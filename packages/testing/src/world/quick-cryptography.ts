import crypto, { webcrypto, type KeyObject, type X509Certificate } from 'node:crypto'

type Work = (...given: unknown[]) => Promise<unknown>
type Key = webcrypto.CryptoKey

const { subtle } = webcrypto
const real = (name: 'generateKey' | 'exportKey' | 'importKey' | 'verify'): Work =>
  (Reflect.get(subtle, name) as Work).bind(subtle)
const [generate, exportKey, importKey, verify] = (
  ['generateKey', 'exportKey', 'importKey', 'verify'] as const
).map(real) as [Work, Work, Work, Work]

const stock: Promise<unknown>[] = []
let taken = 0
const exported = new WeakMap<Key, Map<unknown, Promise<unknown>>>()
const imported = new Map<string, Promise<unknown>>()
const keyObjects = new WeakMap<Key, KeyObject>()

/**
 * Nobody attacks a world: it makes do with eight pairs of keys. What gives the same for the same is done once, and
 * what the library does in threads is done at once.
 */
export const quickCryptography: Readonly<Record<string, Work>> = {
  generateKey: (...given) => (stock[taken++ % 8] ??= generate(...given)),
  exportKey: (format, key) => {
    const known = found(exported, key as Key, () => new Map<unknown, Promise<unknown>>())
    return found(known, format, () => exportKey(format, key))
  },
  importKey: (format, data, ...given) => {
    const text = `${String(format)} ${base64(data as ArrayBuffer)} ${JSON.stringify(given)}`
    return found(imported, text, () => importKey(format, data, ...given))
  },
  sign: (_algorithm, key, data) => {
    const own = found(keyObjects, key as Key, () => crypto.KeyObject.from(key as Key))
    const how = { key: own, dsaEncoding: 'ieee-p1363' } as const
    return Promise.resolve(bare(crypto.sign('sha256', bytes(data as ArrayBuffer), how)))
  },
  verify,
  digest: (algorithm, data) => {
    const name = typeof algorithm === 'string' ? algorithm : (algorithm as { readonly name: string }).name
    const hash = crypto.createHash(name.replace('-', ''))
    return Promise.resolve(bare(hash.update(bytes(data as ArrayBuffer)).digest()))
  },
}

const certificates = new Map<string, X509Certificate>()
const privateKeys = new Map<string, KeyObject>()

/** The same text is the same key and the same certificate: it is parsed once. */
export function quickLibrary(): Readonly<Record<string, unknown>> {
  const { X509Certificate, createPrivateKey } = crypto
  return {
    X509Certificate: function (pem: string) {
      return found(certificates, pem, () => new X509Certificate(pem))
    },
    createPrivateKey: (pem: string) => found(privateKeys, pem, () => createPrivateKey(pem)),
  }
}

function found<K, V>(
  known: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const before = known.get(key)
  if (before !== undefined) return before
  // A process that tells thousands of stories shall not keep the keys of all.
  if (known instanceof Map && known.size > 500) known.clear()
  const made = make()
  known.set(key, made)
  return made
}

function bytes(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
}

function base64(data: ArrayBuffer | ArrayBufferView): string {
  return Buffer.from(bytes(data)).toString('base64')
}

function bare(buffer: Buffer): ArrayBuffer {
  return buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength) as ArrayBuffer
}
