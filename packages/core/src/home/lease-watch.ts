export interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly renewTime?: string | null
  readonly leaseDurationSeconds?: number | null
}

/** What a process has seen of Leases over time, by its own clock that nobody sets. */
export class LeaseWatch {
  /** Identities of this process that a Lease may still name: nobody works under them any more. */
  readonly leftBehind = new Set<string>()
  readonly #seen = new Map<string, { readonly text: string; readonly since: number }>()

  /** Whether the Lease has been as it is for its duration while it was looked at: who lives renews it. */
  isAbandoned(
    lease: { readonly namespace: string; readonly name: string },
    spec: LeaseSpec,
    seconds: number,
  ): boolean {
    const key = `${lease.namespace}/${lease.name}`
    const text = JSON.stringify(spec)
    const now = performance.now()
    const before = this.#seen.get(key)
    if (before?.text !== text) {
      this.#seen.set(key, { text, since: now })
      return false
    }
    return now - before.since > (spec.leaseDurationSeconds ?? seconds) * 1_000
  }
}
