import type * as x509Types from '@peculiar/x509'
import { randomBytes } from 'node:crypto'

type X509 = typeof x509Types

let loaded: Promise<X509> | undefined

/** Loaded on first use: it costs about 0.2 s, and most commands make no certificate. */
export function loadX509(): Promise<X509> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<X509> {
  // A module of our own: bundlers give a library of the older module format, imported lazily, another shape.
  return (await import('./x509-library.js')).x509
}

/** 127 random bits: positive, and of a length that needs no padding byte. */
export function newSerialNumber(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return bytes.toString('hex')
}

const minute = 60_000
const day: number = 24 * 60 * minute
/** Clocks of nodes differ a little; kubeadm backdates by as much. */
const backdate = 5 * minute

export function validity(now: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now.getTime() - backdate), notAfter: new Date(now.getTime() + days * day) }
}
