// Puts the bundled command beside the library, so that one package has both. The command is built of the
// library (packages/cli), so it can only come here afterwards.
import { chmod, copyFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
await copyFile(here('../cli/dist/knest.cjs'), here('dist/knest.cjs'))
await chmod(here('dist/knest.cjs'), 0o755)
