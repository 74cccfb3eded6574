import type { Outcome } from './knest.js'
import { runKnest } from './knest.js'
import { hostContext } from './home.js'
import type { TestHome } from './home.js'

const boundary = /\] *(.+): done in /
const mostRuns = 60

/**
 * Runs a command again and again, each time killed with SIGKILL at a step boundary it was not killed at
 * before, until it comes through. Gives the boundaries and how the last run ended; throws when none was killed.
 */
export async function killAtEveryBoundary(
  home: TestHome,
  args: readonly string[],
): Promise<{ readonly boundaries: readonly string[]; readonly last: Outcome }> {
  const killedAt = new Set<string>()
  let kills = 0
  for (let runs = 0; runs < mostRuns; runs++) {
    let killed = false
    const last = await runKnest(home, [...args, '--context', hostContext], {
      onStderr: (text, child) => {
        const fresh = text
          .split('\n')
          .flatMap((line) => boundary.exec(line)?.[1] ?? [])
          .find((title) => !killedAt.has(title))
        if (killed || fresh === undefined) return
        killed = true
        killedAt.add(fresh)
        child.kill('SIGKILL')
      },
    })
    // The last boundary is followed by so little that the kill may come too late.
    if (last.signal === 'SIGKILL') {
      kills++
      continue
    }
    if (kills === 0) throw new Error(`"knest ${args.join(' ')}" was never killed:\n${last.stderr}`)
    console.log(`knest ${args.slice(0, 3).join(' ')}: killed ${kills} times`)
    return { boundaries: [...killedAt], last }
  }
  throw new Error(`"knest ${args.join(' ')}" did not come through in ${mostRuns} runs`)
}
