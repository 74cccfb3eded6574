import { expect, it } from 'vitest'
import { createHome, hostContext } from './support/home.js'
import { runKnest } from './support/knest.js'
import { nodeFlags } from './support/nodes.js'

it('Ctrl-C ends with 130 and says what exists, how to go on and how to remove it', async () => {
  const home = createHome()
  let sent = false
  const outcome = await runKnest(home, ['create', 'e2e-interrupt', ...nodeFlags, '--context', hostContext], {
    onStderr: (text, child) => {
      if (sent || !text.includes('Wait for the API server')) return
      sent = true
      child.kill('SIGINT')
    },
  })
  expect(outcome.code, outcome.stderr).toBe(130)
  expect(outcome.stdout).toBe('')
  expect(outcome.stderr).toContain('run the same command again to go on')
  expect(outcome.stderr).toContain('knest delete e2e-interrupt')

  const again = await runKnest(home, ['create', 'e2e-interrupt', ...nodeFlags, '--context', hostContext])
  expect(again.code, again.stderr).toBe(0)
  const removed = await runKnest(home, ['delete', 'e2e-interrupt', '--context', hostContext])
  expect(removed.code, removed.stderr).toBe(0)
  home.remove()
})
