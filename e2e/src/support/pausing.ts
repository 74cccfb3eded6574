import { execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '@knest/testing'
import { hostContext } from './home.js'
import type { TestHome } from './home.js'
import { runKnest } from './knest.js'

/** Something that can be stopped as `kill -STOP` does, and goes on. */
export interface Stoppable {
  stop(): void
  goOn(): void
}

/** Those of clusters are in the PID namespace of their node, too. */
const ownApiServer =
  'for pid in $(pgrep -x kube-apiserver); do if [ $(grep NSpid /proc/$pid/status | wc -w) -eq 3 ]; then echo $pid; fi; done'

/** What runs the embedded host; undefined where the host is no embedded one. */
export async function embeddedEngine(home: TestHome): Promise<string | undefined> {
  const { code, stdout } = await runKnest(home, ['host', 'status', '--name', hostContext, '-o', 'json'])
  return code === 0 ? (JSON.parse(stdout) as { readonly engine: string }).engine : undefined
}

/**
 * The API server of the embedded host, without those of the clusters on it; undefined where the host is no embedded
 * one, which is printed. kubelet starts it anew when it is stopped for longer than a minute.
 */
export async function hostApiServer(home: TestHome): Promise<Stoppable | undefined> {
  const engine = await embeddedEngine(home)
  if (engine === undefined) {
    console.log(`skipped: the host of context "${hostContext}" is not embedded, its API is not stopped`)
    return undefined
  }
  const run = (...argv: readonly string[]): string =>
    execFileSync(engine, ['exec', `${hostContext}-cp-0`, ...argv], { encoding: 'utf8' }).trim()
  let pid = ''
  return {
    stop: () => {
      pid = run('bash', '-c', ownApiServer)
      run('kill', '-STOP', pid)
    },
    goOn: () => void run('kill', '-CONT', pid),
  }
}

/** A pause that a command brings about by what it says. */
interface Pause {
  /** For `runKnest`. */
  readonly onStderr: (said: string, child: ChildProcess) => void
  /** Resolves when it begins; never when the command does not say it. */
  readonly begun: Promise<void>
  /** Resolves when it is over; rejects when it has not begun. */
  readonly ended: () => Promise<void>
}

/** Stops something for so long, once, when the command says the text. */
export function pauseAt(
  text: string,
  seconds: number,
  of: Stoppable | ((child: ChildProcess) => Stoppable),
): Pause {
  let ended: Promise<void> | undefined
  let begin = (): void => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const pause = async (stopped: Stoppable): Promise<void> => {
    stopped.stop()
    begin()
    try {
      await delay(seconds * 1_000)
    } finally {
      stopped.goOn()
    }
  }
  return {
    onStderr: (said, child) => {
      if (said.includes(text)) ended ??= pause(typeof of === 'function' ? of(child) : of)
    },
    begun,
    ended: () => ended ?? Promise.reject(new Error(`the command did not say "${text}"`)),
  }
}

/** A command of a test. */
export function commandIn(child: ChildProcess): Stoppable {
  return { stop: () => void child.kill('SIGSTOP'), goOn: () => void child.kill('SIGCONT') }
}

/** From and to, in seconds. */
type Seconds = readonly [number, number]

/** Stops something for so long, again and again, until the function that it gives is called: how often that was. */
export function pauseNowAndThen(
  stopped: Stoppable,
  random: Random,
  { between, pauses }: { readonly between: Seconds; readonly pauses: Seconds },
): () => Promise<readonly number[]> {
  const ending = new AbortController()
  const done: number[] = []
  const seconds = (range: Seconds): Promise<boolean> =>
    delay(random.between(...range) * 1_000, true, { signal: ending.signal }).catch(() => false)
  const pause = async (): Promise<void> => {
    const began = Date.now()
    stopped.stop()
    try {
      await seconds(pauses)
    } finally {
      stopped.goOn()
      done.push(Math.round((Date.now() - began) / 1_000))
    }
  }
  const goOn = async (): Promise<void> => {
    while (await seconds(between)) await pause()
  }
  const ended = goOn()
  // What went wrong is told where it is awaited.
  ended.catch(() => undefined)
  return async () => {
    ending.abort()
    await ended
    return done
  }
}
