import { KnestError } from 'knest'
import type { ClusterInput } from 'knest/spec'

/** `--registry-mirror HOST=URL`, any number of times: one entry for each host, its mirrors in the order given. */
export function registryMirrors(given: readonly string[] | undefined): ClusterInput['registries'] {
  if (given === undefined) return undefined
  const byHost = new Map<string, string[]>()
  for (const text of given) {
    const [, host = '', url = ''] = /^([^=]*)=(.*)$/.exec(text) ?? []
    if (host === '' || url === '') {
      throw new KnestError('usage', `--registry-mirror "${withoutUser(text)}" is not HOST=URL`, {
        hint: 'write it as in docker.io=http://mirror.example:5000',
      })
    }
    byHost.set(host, [...(byHost.get(host) ?? []), url])
  }
  return [...byHost].map(([host, mirrors]) => ({ host, mirrors }))
}

/** A password is not shown again. */
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/]*@/, '//…@')
}
