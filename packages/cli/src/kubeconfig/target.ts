import { readlink, stat } from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import { KnestError } from 'knest'
import { hasCode } from './lock.js'

/**
 * The file behind a symbolic link, also when it is not there yet: the link itself must stay. Throws `config` for what
 * is there and is no regular file, as `/dev/null`: it cannot be replaced by one.
 */
export async function targetOf(file: string): Promise<string> {
  // Links of /proc lead to pipes that have no path: the system follows those alone.
  const found = await stat(file).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ELOOP')) return undefined
    throw error
  })
  if (found?.isFile() === false) {
    throw new KnestError('config', `kubeconfig "${file}" is no regular file`, {
      hint: 'name another file with $KUBECONFIG',
    })
  }
  return followLinks(file)
}

async function followLinks(file: string, depth = 0): Promise<string> {
  if (depth > 40) throw new KnestError('config', `kubeconfig "${file}" is a link without an end`)
  let link: string
  try {
    link = await readlink(file)
  } catch (error) {
    // EINVAL: not a link.
    if (hasCode(error, 'EINVAL') || hasCode(error, 'ENOENT')) return file
    throw error
  }
  // Nothing is taken out of it: ".." behind a folder that is a link leaves the folder that it leads to.
  return followLinks(isAbsolute(link) ? link : `${dirname(file)}/${link}`, depth + 1)
}
