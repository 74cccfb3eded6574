import { KnestError } from 'knest'

/** A whole number, negative ones too: core says which are allowed. Undefined stays undefined. */
export function wholeNumber(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^-?\d{1,15}$/.test(text)) {
    throw new KnestError('usage', `${flag} "${text}" is not a whole number`, { hint: 'write it as in 3' })
  }
  return Number(text)
}
