import type { Certificate } from '../contracts/certificates.js'

/** The certificates that a command found first, however often it has to begin anew. */
export class FirstLook {
  #ends: ReadonlyMap<string, string> | undefined

  /** Keeps the first ones that it is given. */
  take(certificates: readonly Certificate[]): void {
    this.#ends ??= new Map(certificates.map((each) => [keyOf(each), each.expires]))
  }

  isNewSince(certificate: Certificate): boolean {
    const first = this.#ends?.get(keyOf(certificate))
    return first !== undefined && first !== certificate.expires
  }
}

function keyOf({ node, name }: Certificate): string {
  return `${node ?? ''}/${name}`
}
