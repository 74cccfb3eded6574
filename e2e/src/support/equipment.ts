import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hostContext } from './home.js'

const equip = fileURLToPath(new URL('../../fixed-address-cni/equip', import.meta.url))

/** Where the embedded host runs its pods' networks; undefined on any other host. */
export function embeddedContainer(): string | undefined {
  const name = `${hostContext}-cp-0`
  for (const engine of ['podman', 'docker']) {
    try {
      execFileSync(engine, ['container', 'inspect', name], { stdio: 'ignore' })
      return name
    } catch {
      // The other engine may have it.
    }
  }
  return undefined
}

/** Puts `e2e/fixed-address-cni` into the embedded host; gives what takes it away again. */
export function installFixedAddresses(container: string): () => void {
  execFileSync(equip, ['install', container], { stdio: 'inherit' })
  return () => execFileSync(equip, ['remove', container])
}
