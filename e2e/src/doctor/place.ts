import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openKube } from 'knest/kube'
import type { KubeApi } from 'knest'
import { createHome, hostContext } from '../support/home.js'
import type { TestHome } from '../support/home.js'
import { binary, runKnest } from '../support/knest.js'
import type { Outcome, RunOptions } from '../support/knest.js'
import { nodeFlags, patience } from '../support/nodes.js'

const run = promisify(execFile)
const commandMs = 300_000

/** A cluster that faults are done to, and the ways to do them. */
export interface Place {
  readonly name: string
  readonly namespace: string
  readonly context: string
  readonly home: TestHome
  readonly host: KubeApi
  readonly controlPlane: string
  readonly worker: string
  /** Runs knest on the host, however that ends. */
  readonly try: (words: readonly string[], options?: RunOptions) => Promise<Outcome>
  /** The same, and expects success; gives standard output. */
  readonly knest: (...words: readonly string[]) => Promise<string>
  /** kubectl in the cluster. */
  readonly kubectl: (...words: readonly string[]) => Promise<string>
  /** kubectl on the host. */
  readonly onHost: (...words: readonly string[]) => Promise<string>
  /** kubectl on the host, in the namespace of the cluster. */
  readonly beside: (...words: readonly string[]) => Promise<string>
  /** Runs a script of bash on a node. */
  readonly script: (node: string, text: string) => Promise<string>
  /** Runs a command line as somebody who pastes it. */
  readonly paste: (line: string) => Promise<string>
  readonly remove: () => Promise<void>
}

/** Makes the cluster on the host of that context. */
export async function createPlace(
  name: string,
  flags: readonly string[],
  context: string = hostContext,
  home: TestHome = createHome(),
): Promise<Place> {
  const bin = join(home.path, 'bin')
  mkdirSync(bin, { recursive: true })
  symlinkSync(binary, join(bin, 'knest'))
  const namespace = `knest-${name}`
  const attempt: Place['try'] = (words, options) => {
    // What is behind `--` is another program's.
    const end = words.includes('--') ? words.indexOf('--') : words.length
    return runKnest(home, [...words.slice(0, end), '--context', context, ...words.slice(end)], options)
  }
  const knest: Place['knest'] = async (...words) => {
    const { code, stdout, stderr } = await attempt(words)
    if (code !== 0)
      throw new Error(`knest ${words.join(' ')} ended with ${String(code)}:\n${stderr}${stdout}`)
    return stdout
  }
  const program = async (file: string, words: readonly string[]): Promise<string> => {
    const env = { ...home.env, PATH: `${bin}:${process.env.PATH ?? ''}` }
    const options = { env, timeout: commandMs, maxBuffer: 2 ** 26 }
    return (await run(file, [...words], options)).stdout
  }
  const onHost: Place['onHost'] = (...words) =>
    program('kubectl', ['--kubeconfig', home.kubeconfig, '--context', context, ...words])
  const remove = async (): Promise<void> => {
    await attempt(['delete', name, '--ignore-not-found'])
    home.remove()
  }
  try {
    await knest('create', name, ...nodeFlags, '--timeout', `${5 * patience}m`, ...flags)
  } catch (error) {
    await remove()
    throw error
  }
  const host = await openKube({ kubeconfig: home.kubeconfig, context })
  return {
    ...{ name, namespace, context, home, host, knest, onHost },
    controlPlane: `${name}-cp-0`,
    worker: `${name}-worker-0`,
    try: attempt,
    kubectl: (...words) => knest('shell', name, '--', 'kubectl', ...words),
    beside: (...words) => onHost('-n', namespace, ...words),
    script: (node, text) => knest('ssh', name, node, '--', 'bash', '-c', text),
    paste: (line) => program('bash', ['-c', line]),
    remove: () => {
      host.close()
      return remove()
    },
  }
}
