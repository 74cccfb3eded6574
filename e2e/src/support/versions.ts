import { readFileSync } from 'node:fs'
import { createHome } from './home.js'
import { runKnest } from './knest.js'

const settings = readFileSync(new URL('../../../images/versions.env', import.meta.url), 'utf8')

function setting(name: string): string {
  const found = new RegExp(`^${name}='?([^'\\n]+)'?$`, 'm').exec(settings)?.[1]
  if (found === undefined) throw new Error(`images/versions.env has no ${name}`)
  return found
}

/** A patch of each minor version that upstream supports, in order. */
export const versions: readonly string[] = setting('KUBERNETES_VERSIONS').split(' ')

/** What every run upgrades between: the version that clusters are made with by default, and its neighbour. */
export const [from, to] = versions.filter((version) =>
  [setting('KUBERNETES_VERSION'), setting('OTHER_KUBERNETES_VERSION')].includes(version),
) as [string, string]

/** A host can have the node images by another name than that of those that are built here. */
const repository = process.env.KNEST_E2E_NODE_REPOSITORY ?? 'localhost/knest/node'

/** What a cluster of that version is created with; the image of another one follows from its name. */
export function flagsOf(version: string): readonly string[] {
  return ['--kubernetes-version', version, '--image', `${repository}:v${version}`]
}

/** Puts the node images of those versions on the host. Rejects when one has not been built. */
export async function needImages(...wanted: readonly string[]): Promise<void> {
  if (process.env.KNEST_E2E_NODE_REPOSITORY !== undefined) return
  const home = createHome()
  try {
    const images = wanted.map((version) => `${repository}:v${version}`)
    const { code, stderr } = await runKnest(home, ['host', 'load', ...images])
    if (code !== 0) throw new Error(`build them with hack/build-images --all: ${stderr}`)
  } finally {
    home.remove()
  }
}
