import type { Command } from 'commander'
import type { Problem } from 'knest'
import { givenOptions, type GivenOptions, type GlobalOptions, type HostOptions } from './global-options.js'
import { worded } from './worded.js'

/**
 * All that a command says beside its results and its progress: on standard error, in the style of its progress, with
 * commands that lead where this one did.
 */
export class Messages {
  private options: GivenOptions = {}
  private kubectl: HostOptions | undefined
  private readonly write: (text: string) => void
  private readonly elapsedMs: () => number

  constructor(write: (text: string) => void, elapsedMs: () => number) {
    this.write = write
    this.elapsedMs = elapsedMs
  }

  /** Takes over the flags of this command line, as far as it was read: a wrong one ends before its command begins. */
  use(command: Pick<Command, 'optsWithGlobals'>): GlobalOptions {
    this.options = givenOptions(command)
    return this.options
  }

  /** What kubectl needs to talk to the host that was found; nothing where it would by itself. */
  hostFound(kubectl: HostOptions | undefined): void {
    this.kubectl = kubectl
  }

  get isJson(): boolean {
    return this.options.progress === 'json'
  }

  /** Something worth knowing. */
  note(text: string): void {
    this.unlessQuiet('note', text, 'note: ')
  }

  /** Something is not as it should be, and no failure. */
  warning(text: string): void {
    this.unlessQuiet('warning', text, 'warning: ')
  }

  /** What comes next, or what has become of something; each line for itself. */
  info(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.unlessQuiet('info', line, '')
  }

  /** What the user must read, quiet or not: an event for programs, lines for people. */
  must(event: string, fields: Readonly<Record<string, unknown>>, lines: string): void {
    if (this.isJson) this.event(event, fields)
    else this.write(this.worded(lines))
  }

  /** With the flags that led here in every command that the text offers. */
  worded(text: string): string {
    const { context, kubeconfig, connection, namespace, targetNamespace } = this.options
    const given = { context, kubeconfig, connection, namespace: namespace ?? targetNamespace }
    return worded(text, { ...given, kubectl: this.kubectl })
  }

  wordedProblems(problems: readonly Problem[]): readonly Problem[] {
    return problems.map((problem) => ({ ...problem, hint: this.worded(problem.hint) }))
  }

  private unlessQuiet(event: string, text: string, before: string): void {
    if (this.options.quiet === true) return
    this.must(event, { text }, `${before}${text}\n`)
  }

  private event(event: string, fields: Readonly<Record<string, unknown>>): void {
    const reworded = (_key: string, value: unknown): unknown =>
      typeof value === 'string' ? this.worded(value) : value
    this.write(`${JSON.stringify({ elapsedMs: this.elapsedMs(), event, ...fields }, reworded)}\n`)
  }
}
