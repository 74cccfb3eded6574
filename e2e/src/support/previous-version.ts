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

/** A host can have the node images by another name than that of those that are built here. */
const repository = process.env.KNEST_E2E_NODE_REPOSITORY ?? 'localhost/knest/node'

/** What clusters are created with that are upgraded; the new image's name follows from it. */
export const previousFlags = [
  '--kubernetes-version',
  previousVersion,
  '--image',
  `${repository}:v${previousVersion}`,
] as const

/** Puts the node image of the previous version on the host; gives why that cannot be done. */
export async function loadPreviousImage(home: TestHome): Promise<string | undefined> {
  if (process.env.KNEST_E2E_NODE_REPOSITORY !== undefined) return undefined
  const image = `${repository}:v${previousVersion}`
  const build = `build it with hack/build-images --kubernetes-version ${previousVersion}`
  try {
    execFileSync(await hostEngine(home), ['image', 'inspect', image], { stdio: 'ignore' })
  } catch {
    return `${image} is not there; ${build}`
  }
  const { code, stderr } = await runKnest(home, ['host', 'load', image])
  return code === 0 ? undefined : `${image} was not loaded: ${stderr}`
}
