import type { Progress } from 'knest'
import { DefaultRenderer, Listr, ListrLogger, ListrTaskState, ProcessOutput } from 'listr2'
import { formatSeconds, type Renderer } from './renderer.js'

/** listr2 asks whether stdout is a terminal; we draw on stderr. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true
}

type Task = Listr<unknown, typeof StderrRenderer>['tasks'][number]

/**
 * listr2 draws and does not steer: an untitled task keeps the list open, and every outer phase is a
 * task added to it whose state we set. Inner phases and notes are the running task's output line.
 */
export function ttyRenderer(stream: NodeJS.WriteStream, now: () => Date): Renderer {
  let open: () => void
  let end: () => void
  const opened = new Promise<void>((resolve) => (open = resolve))
  const ended = new Promise<void>((resolve) => (end = resolve))
  const list = new Listr<unknown, typeof StderrRenderer>(
    [
      {
        task: () => {
          open()
          return ended
        },
      },
    ],
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: StderrRenderer,
      rendererOptions: {
        logger: new ListrLogger({
          processOutput: new ProcessOutput(stream, stream),
          toStderr: [],
          useIcons: true,
        }),
        formatOutput: 'truncate',
        showErrorMessage: false,
        timer: { condition: true, field: formatSeconds, format: () => dim },
      },
    },
  )
  // Starts with the first phase: a command that has none shows nothing.
  let finished: Promise<unknown> | undefined

  const running = new Set<Task>()
  const warnings = new Set<string>()
  const warn = (text: string): void => void warnings.add(text)
  const show = (text: string): void => {
    for (const task of running) task.output$ = text
  }
  const inside = (task: Task): Progress => ({
    phase: (title, work) => {
      task.output$ = title
      return work(inside(task))
    },
    note: (text) => {
      task.output$ = text
    },
    warn,
  })

  return {
    progress: {
      async phase(title, work) {
        finished ??= list.run()
        await opened
        const task = await addTask(list, title)
        const begun = now().getTime()
        running.add(task)
        task.state$ = ListrTaskState.STARTED
        try {
          const result = await work(inside(task))
          task.message$ = { duration: now().getTime() - begun }
          task.state$ = ListrTaskState.COMPLETED
          return result
        } catch (error) {
          task.state$ = ListrTaskState.FAILED
          throw error
        } finally {
          running.delete(task)
        }
      },
      note: show,
      warn,
    },
    announce: show,
    async close() {
      end()
      await finished
      for (const text of warnings) stream.write(`warning: ${text}\n`)
    },
  }
}

async function addTask(list: Listr<unknown, typeof StderrRenderer>, title: string): Promise<Task> {
  list.add({ title, task: () => undefined })
  const task = list.tasks.at(-1)
  if (task === undefined) throw new Error('listr2 did not add the task')
  await task.check(undefined)
  return task
}

function dim(text = ''): string {
  // https://no-color.org
  return (process.env.NO_COLOR ?? '') !== '' ? text : `\u001b[2m${text}\u001b[22m`
}
