// What `dist` of a package may have: files that tsc makes of the sources of today, and no tests or fakes.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** As in tsconfig.build.json. */
const forTests = /(\.test|\.cases)\.|\/(fake|sample)-/

/** Why the file, as in `dist/a.js`, has no place there; undefined when it has one. */
export function strange(folder, file) {
  if (!/\.(js|d\.ts)(\.map)?$/.test(file)) return undefined
  if (forTests.test(file)) return 'is for tests only'
  const source = file.replace(/^dist\//, 'src/').replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
  return existsSync(join(folder, source)) ? undefined : `is not made of ${source}: there is none`
}
