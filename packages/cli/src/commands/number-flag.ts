import { KnestError, parseWholeNumber } from 'knest'

/** A whole number, negative ones too: core says which are allowed. Undefined stays undefined. */
export function wholeNumber(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  const value = parseWholeNumber(text)
  if (value === undefined) {
    throw new KnestError('usage', `${flag} "${text}" is not a whole number`, { hint: 'write it as in 3' })
  }
  return value
}
