import { setTimeout as delay } from 'node:timers/promises'
import { writeSync } from 'node:fs'
import { constants } from 'node:os'
import { open, readFile, writeFile } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { engineImage, openEmbeddedHost, openHost } from 'knest'
import { confirm } from './confirm.js'
import { homeFolder } from './home-folder.js'
import type { Deps, Interrupts, Streams } from './deps.js'
import { Messages } from './messages.js'
import { parts } from './parts.js'
import { jsonRenderer } from './render/json.js'
import { plainRenderer } from './render/plain.js'
import { quietRenderer } from './render/quiet.js'
import type { ProgressStyle, Renderer } from './render/renderer.js'
import { runProgram } from './run-program.js'

const now = (): Date => new Date()
const begun = Math.round(performance.timeOrigin)
const writeErr = (line: string): void => void process.stderr.write(line)

/** The real terminal, signals, files and parts. `exitNow` ends the process at once. */
export function processDeps(exitNow: (code: number) => void): Deps {
  // Whoever reads it after us takes an empty one for this folder.
  process.env.HOME = homeFolder(process.env)
  const messages = new Messages(writeErr, () => now().getTime() - begun)
  return {
    streams,
    messages,
    interrupts: interrupts(exitNow),
    env: process.env,
    now,
    startedAt: () => new Date(performance.timeOrigin),
    readFile: (path) => readFile(path, 'utf8'),
    writeFile: (path, text) => writeFile(path, text),
    openFile: async (path) => (await open(path)).createReadStream({ highWaterMark: 256 * 1024 }),
    engineImage,
    renderer,
    pause: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
    spec: parts.spec,
    kubeconfigs: parts.kubeconfigs,
    manifests: parts.manifests,
    templates: parts.templates,
    openClusters: openHost,
    hostControl: openEmbeddedHost,
    asker: () => asker(messages),
    terminal: () => (process.stdin.isTTY && process.stdout.isTTY ? process : undefined),
    spawn: (argv, env) =>
      runProgram(argv, env, (text, exitCode) =>
        messages.must('error', { code: 'prerequisite', exitCode, text }, `error: ${text}\n`),
      ),
  }
}

/** It only writes on: nothing on it can be drawn anew. */
const isDumb = process.env.TERM === 'dumb'

const streams: Streams = {
  out: (line) => void process.stdout.write(line),
  err: writeErr,
  get outIsTty() {
    return (process.stdout.isTTY as boolean | undefined) === true && !isDumb
  },
  get errIsTty() {
    // Node leaves it undefined when stderr is no terminal.
    return (process.stderr.isTTY as boolean | undefined) === true && !isDumb
  },
  readStdin: () => text(process.stdin),
  get stdin() {
    return process.stdin
  },
  stdout: process.stdout,
  stderr: process.stderr,
}

async function renderer(style: ProgressStyle): Promise<Renderer> {
  switch (style) {
    case 'quiet':
      return quietRenderer(writeErr)
    case 'json':
      return jsonRenderer(writeErr, now, begun)
    case 'plain':
      return plainRenderer(writeErr, now)
    case 'tty':
      return (await import('./render/tty.js')).ttyRenderer(process.stderr, now)
  }
}

function interrupts(exitNow: (code: number) => void): Interrupts {
  return {
    listen(onSignal) {
      const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
      for (const name of names) process.on(name, onSignal)
      return () => {
        for (const name of names) process.off(name, onSignal)
      }
    },
    exitNow(name) {
      try {
        // The progress display hides the cursor and holds back what is written the usual way.
        if (process.stderr.isTTY) writeSync(2, '\u001b[?25h\n')
      } catch {
        // The terminal is closed.
      }
      exitNow(128 + constants.signals[name])
    },
  }
}

function asker(messages: Messages): ((question: string) => Promise<boolean>) | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
  if (!messages.isJson) return (question) => confirm(question, process.stdin, process.stderr)
  return (text) => {
    messages.must('question', { text }, '')
    return confirm(text, process.stdin, new Writable({ write: (_chunk, _encoding, done) => done() }))
  }
}
