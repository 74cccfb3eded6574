import { MachineGone, type Machine } from './machine.js'
import { failed, fine, type Outcome } from './outcome.js'

/** A command that was begun detached, as the backend's scripts for them do. Not even a reboot leaves one. */
interface Job {
  outcome: Outcome | undefined
}

type Run = (argv: readonly string[], stdin: Buffer) => Promise<Outcome>

/** The exit code of a start whose standard input was cut off. */
const cutOff = 75
const lookMs = 100

/** The shell of one guest between two boots: what is sent over SSH, and the detached commands that go on alone. */
export class GuestShell {
  readonly #machine: Machine
  readonly #run: Run
  /** What happens to a detached command that nobody waits for. */
  readonly #onFailure: (error: unknown) => void
  readonly #jobs = new Map<string, Job>()

  constructor(machine: Machine, run: Run, onFailure: (error: unknown) => void) {
    this.#machine = machine
    this.#run = run
    this.#onFailure = onFailure
  }

  async run(commandLine: string, stdin: Buffer): Promise<Outcome> {
    const argv = wordsOf(commandLine)
    const [program, , script = '', name, job = ''] = argv
    if (name === 'knest-job') {
      if (script.includes('setsid')) return this.#start(job, Number(argv[5]), argv.slice(6), stdin)
      if (script.includes('tail ')) return this.#follow(job, Number(argv[5]), Number(argv[6]))
      // It is told to end; where it is by then it stays, as after a power cut that loses nothing.
      this.#jobs.delete(job)
      return fine
    }
    const path = argv[1] ?? ''
    if (program === 'cat' && path.endsWith('/code')) {
      const ended = this.#jobs.get(path.slice(0, -'/code'.length))?.outcome
      return ended === undefined
        ? failed('No such file or directory')
        : { ...fine, stdout: `${ended.exitCode}\n` }
    }
    if (program === 'rm' && argv.length === 3) {
      this.#jobs.delete(argv[2] ?? '')
      return fine
    }
    return this.#run(argv, stdin)
  }

  #start(name: string, size: number, argv: readonly string[], stdin: Buffer): Outcome {
    if (this.#jobs.has(name)) return fine
    if (stdin.length !== size) return failed('', cutOff)
    const job: Job = { outcome: undefined }
    this.#jobs.set(name, job)
    this.#run(argv, stdin).then(
      (outcome) => (job.outcome = outcome),
      (error: unknown) => {
        if (error instanceof MachineGone) return
        this.#jobs.delete(name)
        this.#onFailure(error)
      },
    )
    return fine
  }

  async #follow(name: string, outFrom: number, errFrom: number): Promise<Outcome> {
    for (;;) {
      const job = this.#jobs.get(name)
      if (job === undefined) return failed('')
      // tail counts from 1.
      if (job.outcome !== undefined)
        return {
          exitCode: 0,
          stdout: Buffer.from(job.outcome.stdout)
            .subarray(outFrom - 1)
            .toString(),
          stderr: Buffer.from(job.outcome.stderr)
            .subarray(errFrom - 1)
            .toString(),
        }
      await this.#machine.work(lookMs)
    }
  }
}

/** A command line taken apart as a POSIX shell does that knows only words and single quotes. */
export function wordsOf(commandLine: string): readonly string[] {
  const found = commandLine.matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/g)
  return [...found].map(([word]) =>
    word.replace(
      /'([^']*)'|\\(.)/g,
      (_all, quoted: string | undefined, escaped: string | undefined) => quoted ?? escaped ?? '',
    ),
  )
}
