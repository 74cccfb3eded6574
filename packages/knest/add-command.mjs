// Puts the bundled command beside the library, so that one package has both. The command is built of the
// library (packages/cli), so it can only come here afterwards.
import { chmod, copyFile, cp, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
await rm(here('dist/knest'), { recursive: true, force: true })
await cp(here('../cli/dist/knest'), here('dist/knest'), { recursive: true })
await copyFile(here('../cli/dist/knest.cjs'), here('dist/knest.cjs'))
await chmod(here('dist/knest.cjs'), 0o755)
