import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestCluster } from './cluster.js'
import { hostContext } from './home.js'
import { binary } from './knest.js'

export interface PipeOutcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
  /** The most memory that a knest in it had. */
  readonly peakMiB: number
}

/** A folder with a file for random bytes, and the way to run command lines in it. */
export interface PipeRoom {
  readonly folder: string
  /**
   * Runs a line of bash. `on ARGUMENTS` in it is `knest ssh CLUSTER NODE ARGUMENTS`; it fails with what
   * fails first in it.
   */
  run(line: string): Promise<PipeOutcome>
  remove(): void
}

/** Told by every knest when it ends, how it ends notwithstanding. */
const tellPeak = `process.once('exit', () => {
  require('node:fs').appendFileSync(process.env.KNEST_E2E_PEAKS, process.resourceUsage().maxRSS + '\\n')
})`

export function openPipeRoom(cluster: TestCluster, node: string): PipeRoom {
  const folder = mkdtempSync(join(tmpdir(), 'knest-e2e-pipe-'))
  const [peaks, preload] = [join(folder, 'peaks'), join(folder, 'tell-peak.cjs')]
  writeFileSync(preload, tellPeak)
  const words = [process.execPath, '--require', preload, binary, 'ssh', cluster.name, node]
  const on = [...words, '--context', hostContext].map((word) => `'${word}'`).join(' ')
  return {
    folder,
    run: (line) =>
      new Promise((resolve, reject) => {
        writeFileSync(peaks, '')
        const started = Date.now()
        const child = spawn('bash', ['-o', 'pipefail', '-c', `on() { ${on} "$@"; }; ${line}`], {
          cwd: folder,
          env: { ...cluster.home.env, KNEST_E2E_PEAKS: peaks },
          stdio: ['ignore', 'pipe', 'pipe'],
        })
        let stdout = ''
        let stderr = ''
        child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
        child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
        child.once('error', reject)
        child.once('close', (code) => {
          const kibibytes = Math.max(...readFileSync(peaks, 'utf8').trim().split('\n').map(Number))
          const seconds = (Date.now() - started) / 1000
          resolve({ code, stdout, stderr, seconds, peakMiB: kibibytes / 1024 })
        })
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
