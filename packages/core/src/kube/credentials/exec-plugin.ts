import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { isatty } from 'node:tty'
import { KnestError } from '../../errors.js'
import type { ExecConfig } from '../kubeconfig/model.js'
import {
  AnswerFault,
  execInfo,
  readExecCredential,
  type ClusterInfo,
  type PluginCredentials,
} from './exec-credential.js'

/** What of this process a plugin gets. */
export interface PluginSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdinIsTerminal: boolean
}

function ownSurroundings(): PluginSurroundings {
  return { env: process.env, stdinIsTerminal: isatty(0) }
}

/**
 * Runs a login plugin as kubectl does, for as long as it takes. What it says on standard error goes to ours; nothing
 * of its answer is in an error. Throws `not-permitted`.
 */
export async function runPlugin(
  exec: ExecConfig,
  cluster: ClusterInfo,
  { env, stdinIsTerminal }: PluginSurroundings = ownSurroundings(),
): Promise<PluginCredentials> {
  const command = path.normalize(exec.command)
  if (exec.interactiveMode === 'Always' && !stdinIsTerminal) {
    throw new KnestError('not-permitted', `login plugin "${command}" needs a terminal, and there is none`, {
      hint: 'log in on a terminal first, or use a user without interactiveMode: Always',
    })
  }
  const file = findProgram(command, env.PATH ?? '')
  if (file === undefined) throw missing(command, exec.installHint)
  const interactive = exec.interactiveMode !== 'Never' && stdinIsTerminal
  const output = await outputOf(
    command,
    file,
    exec.args,
    {
      ...env,
      ...Object.fromEntries(exec.env.map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: execInfo(exec, cluster, interactive),
    },
    interactive,
  )
  try {
    return readExecCredential(output, exec.apiVersion)
  } catch (error) {
    if (!(error instanceof AnswerFault)) throw error
    throw failed(command, error.message)
  }
}

function outputOf(
  command: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  interactive: boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      argv0: command,
      env,
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    })
    const stop = () => child.kill()
    // A command that was ended meanwhile leaves nobody behind who waits for a login.
    process.once('exit', stop)
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.once('error', (error) => {
      process.off('exit', stop)
      const code = 'code' in error ? String(error.code) : error.message
      reject(failed(command, `cannot be run (${code})`, error))
    })
    child.once('close', (code, signal) => {
      process.off('exit', stop)
      if (code === 0) resolve(Buffer.concat(pieces).toString('utf8'))
      else
        reject(
          failed(
            command,
            code === null ? `was ended by ${signal ?? 'a signal'}` : `failed with exit code ${code}`,
          ),
        )
    })
  })
}

function failed(command: string, why: string, cause?: unknown): KnestError {
  return new KnestError('not-permitted', `login plugin "${command}" ${why}`, {
    hint: 'what it says of it is above; it must work with kubectl, too',
    cause,
  })
}

function missing(command: string, installHint: string): KnestError {
  return new KnestError('not-permitted', `login plugin "${command}" was not found`, {
    hint: installHint === '' ? 'install it, or repair the user in the kubeconfig' : cleaned(installHint),
  })
}

/** A kubeconfig may not put a terminal into another state. */
function cleaned(text: string): string {
  return text.trim().replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}\t-\r]/gu, (letter) => {
    return `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  })
}

/** In the folders of `$PATH`, as long as it is a name alone. Never in the current folder by chance, as in Go. */
function findProgram(command: string, searched: string): string | undefined {
  if (command.includes(path.sep) || process.platform === 'win32') {
    return process.platform === 'win32' || isProgram(command) ? command : undefined
  }
  return searched
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, command))
    .find(isProgram)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
