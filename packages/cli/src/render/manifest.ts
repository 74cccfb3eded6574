import { yamlText } from 'knest/manifests'
import type { KubeObject } from 'knest'

/** Objects as YAML documents: long lines stay lines, and nothing is an alias of something else. */
export function manifestText(objects: readonly KubeObject[]): string {
  return objects
    .map((object) => yamlText(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n')
}
