/** A command line that a POSIX shell takes apart into exactly these words. SSH sends one string, no words. */
export function quote(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}
