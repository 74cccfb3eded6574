import { spawn } from 'node:child_process'

/** Ends with its parent, and with vitest itself: a worker of it outlives it where it is interrupted in a test. */
const loop = `const parent = process.ppid
while (process.ppid === parent) process.kill(${process.ppid}, 0)`

/**
 * Keeps processors busy, each process one, until the function that it gives is called. Each is a session of its own:
 * Linux shares the processors out among sessions, and only then within them.
 */
export function startBusyLoops(count: number): () => void {
  const loops = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', loop], { stdio: 'ignore', detached: true }),
  )
  return () => {
    for (const child of loops) child.kill('SIGKILL')
  }
}
