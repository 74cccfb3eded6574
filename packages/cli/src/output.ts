import { Option } from 'commander'

export type OutputFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name'

export function outputOption(formats: readonly OutputFormat[]): Option {
  return new Option('-o, --output <format>', 'how to print the result').choices(formats)
}

/** kubectl's; what is no table has none anyway. */
export function noHeadersOption(): Option {
  return new Option('--no-headers', 'print rows alone')
}

/** Machine formats of a value; undefined when the format is one for people. */
export async function renderValue(
  value: unknown,
  format: OutputFormat | undefined,
): Promise<string | undefined> {
  if (format === 'json') return `${JSON.stringify(value, undefined, 2)}\n`
  if (format !== 'yaml') return undefined
  return (await import('./render/yaml.js')).yamlText(value)
}
