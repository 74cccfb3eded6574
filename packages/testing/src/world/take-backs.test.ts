import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const folder = fileURLToPath(new URL('take-backs', import.meta.url))

/** `hack/test --long` applies them one by one; here only whether that is still possible. */
it.each(readdirSync(folder).filter((name) => name.endsWith('.patch')))('%s applies', (name) => {
  expect(() =>
    execFileSync('git', ['apply', '--check', `${folder}/${name}`], { cwd: root, stdio: 'pipe' }),
  ).not.toThrow()
})
