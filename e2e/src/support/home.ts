import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

/** A home directory of a test's own: knest writes kubeconfigs there, never into the real one. */
export interface TestHome {
  readonly path: string
  readonly kubeconfig: string
  readonly env: NodeJS.ProcessEnv
  remove(): void
}

/** The host's context: the embedded host, or the one that was pointed at. */
export const hostContext: string = process.env.KNEST_E2E_CONTEXT ?? 'knest-host'

export function createHome(): TestHome {
  const path = mkdtempSync(join(tmpdir(), 'knest-e2e-'))
  mkdirSync(join(path, '.kube'), { mode: 0o700 })
  const kubeconfig = join(path, '.kube', 'config')
  const real = process.env.KUBECONFIG ?? join(homedir(), '.kube', 'config')
  if (existsSync(real)) copyFileSync(real, kubeconfig)
  const env = { ...process.env, HOME: path, NO_COLOR: '1' }
  Reflect.deleteProperty(env, 'KUBECONFIG')
  return { path, kubeconfig, env, remove: () => rmSync(path, { recursive: true, force: true }) }
}
