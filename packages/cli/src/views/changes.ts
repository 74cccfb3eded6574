import type { ClusterChange } from 'knest'
import { renderTable } from '../render/table.js'

/** What an apply would do, for people; empty when it would do nothing. */
export function changeText({ action, changes, steps }: ClusterChange): string {
  if (action === 'unchanged') return ''
  const fields = changes.map(({ path, from, to }) => [path, from ?? '<none>', to ?? '<none>'])
  const titles = steps.map(({ title }) => `  ${title}\n`).join('')
  return (
    (fields.length === 0 ? '' : `${renderTable(['FIELD', 'NOW', 'THEN'], fields)}\n`) +
    (titles === '' ? '' : `These steps will be taken:\n${titles}`)
  )
}
