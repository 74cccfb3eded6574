import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { TestHome } from './home.js'
import { hostEngine } from './host.js'
import { runKnest } from './knest.js'

const versions = readFileSync(new URL('../../../images/versions.env', import.meta.url), 'utf8')

function versionOf(name: string): string {
  const found = new RegExp(`^${name}=(.+)$`, 'm').exec(versions)?.[1]
  if (found === undefined) throw new Error(`images/versions.env has no ${name}`)
  return found
}

/** What clusters are made with by default, and what they are upgraded from. */
export const currentVersion = versionOf('KUBERNETES_VERSION')
export const previousVersion = versionOf('PREVIOUS_KUBERNETES_VERSION')

/** Puts the node image of the previous version on the host; gives why that cannot be done. */
export async function loadPreviousImage(home: TestHome): Promise<string | undefined> {
  const image = `localhost/knest/node:v${previousVersion}`
  const build = `build it with hack/build-images --kubernetes-version ${previousVersion}`
  try {
    execFileSync(await hostEngine(home), ['image', 'inspect', image], { stdio: 'ignore' })
  } catch {
    return `${image} is not there; ${build}`
  }
  const { code, stderr } = await runKnest(home, ['host', 'load', image])
  return code === 0 ? undefined : `${image} was not loaded: ${stderr}`
}
