/** Keys of a ConfigMap or Secret as files of a volume. */
export function itemsOf(files: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(files).map(([path, key]) => ({ key, path }))
}
