import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { parseDocument } from 'yaml'
import { createHome, hostContext } from './home.js'
import type { TestHome } from './home.js'
import type { Outcome } from './knest.js'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** A fenced `sh` block of a Markdown text. */
export interface ShellBlock {
  /** Of the fence, counted from 1. */
  readonly line: number
  readonly script: string
  /** Why a test cannot run it: what follows `not-tested because` in the fence's first line. */
  readonly notTested: string | undefined
  /** The `text` block that follows at once: what the script prints. */
  readonly shown: string | undefined
}

export function readReadme(): string {
  return readDocument('README.md')
}

/** A text of the repository, as in `docs/hosts.md`. */
export function readDocument(path: string): string {
  return readFileSync(join(repository, path), 'utf8')
}

export function shellBlocks(markdown: string): readonly ShellBlock[] {
  const fences = [...markdown.matchAll(/^```(\S*)([^\n]*)\n([^]*?)^```$/gm)]
  return fences.flatMap((fence, index) => {
    const [whole, language, info = '', script = ''] = fence
    if (language !== 'sh') return []
    const next = fences[index + 1]
    const isShown =
      next?.[1] === 'text' && markdown.slice(fence.index + whole.length, next.index).trim() === ''
    return {
      line: markdown.slice(0, fence.index).split('\n').length,
      script,
      notTested: /^\s*not-tested\s+(?:because\s+)?(.*)/.exec(info)?.[1],
      shown: isShown ? next[3] : undefined,
    }
  })
}

/** Undefined for a block that is run. */
export function whyNotRun({ script, notTested }: ShellBlock): string | undefined {
  if (notTested !== undefined) return notTested
  if (/^knest host (up|status|down|load)\b/m.test(script) && process.env.KNEST_E2E_CONTEXT !== undefined) {
    return 'the tests run on a host of their own (KNEST_E2E_CONTEXT), not on the embedded one'
  }
  if (/\bkubectl\b/.test(script) && findKubectl() === undefined) {
    return 'there is no kubectl on PATH, and none from hack/build-images'
  }
  return undefined
}

/** Fails unless the script succeeded and printed what the text shows. */
export function expectShown({ code, stdout, stderr }: Outcome, shown: string | undefined): void {
  expect(code, `${stderr}${stdout}`).toBe(0)
  if (shown === undefined) return
  const [first = '', ...others] = firstWords(shown)
  const printed = firstWords(stdout)
  expect(printed[0]).toBe(first)
  expect(printed).toEqual(expect.arrayContaining(others))
}

/** The first line in whole; of the others the first word, since ages and addresses are never the same. */
function firstWords(output: string): readonly string[] {
  const lines = output.split('\n').map((line) => line.trim().split(/\s+/))
  const filled = lines.filter(([word]) => word !== '')
  return filled.map((words, index) => (index === 0 ? words.join(' ') : (words[0] ?? '')))
}

/** A home as the README's reader has it: `knest` and `kubectl` on PATH, the host as current context. */
export function createReaderHome(): TestHome {
  const home = createHome()
  const config = parseDocument(readFileSync(home.kubeconfig, 'utf8'))
  config.set('current-context', hostContext)
  writeFileSync(home.kubeconfig, config.toString())
  const bin = join(home.path, 'bin')
  mkdirSync(bin)
  symlinkSync(join(repository, 'bin', 'knest'), join(bin, 'knest'))
  const kubectl = findKubectl()
  if (kubectl !== undefined) symlinkSync(kubectl, join(bin, 'kubectl'))
  const path = [bin, dirname(process.execPath), process.env.PATH ?? ''].join(delimiter)
  return { ...home, env: { ...home.env, PATH: path } }
}

/** The folders below `examples/`. */
export function exampleNames(): readonly string[] {
  const entries = readdirSync(join(repository, 'examples'), { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}

/** A copy of an example in which its clusters are called as `rename` says; gives its folder. */
export function copyExample(home: TestHome, name: string, rename: (text: string) => string): string {
  const copy = join(home.path, name)
  cpSync(join(repository, 'examples', name), copy, { recursive: true })
  for (const entry of readdirSync(copy, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    writeFileSync(file, rename(readFileSync(file, 'utf8')))
  }
  return copy
}

/** The user's kubectl, or the one among the programs that hack/build-images keeps. */
export function findKubectl(): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'kubectl'))
  return onPath.find(isFile) ?? builtKubernetes()
}

/** One file is all programs of Kubernetes: it acts as the one it is called as. */
function builtKubernetes(): string | undefined {
  const { KNEST_CACHE, XDG_CACHE_HOME } = process.env
  const cache = KNEST_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'knest')
  try {
    const built = readdirSync(cache).filter((name) => name.startsWith('kubernetes-'))
    return built.map((name) => join(cache, name)).find(isFile)
  } catch {
    return undefined
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

/** Runs a block as a reader would paste it: in bash, up to the first failure, in the home directory if no other. */
export function runBlock(home: TestHome, script: string, folder: string = home.path): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: folder,
      env: home.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}
