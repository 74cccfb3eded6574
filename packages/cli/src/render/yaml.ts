import { stringify } from 'yaml'

/** In a module of its own so that only who prints YAML loads the library. */
export function yamlText(value: unknown): string {
  return stringify(value)
}
