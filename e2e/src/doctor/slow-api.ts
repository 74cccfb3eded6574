import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Fault } from './fault.js'
import type { Place } from './place.js'

/** More than what counts as slow, and less than any question's time. */
const answerMs = 3_400
/** The greeting of TLS, and what ends it together with the first question. */
const greetings = 2

/** A way to the API of the host on which every answer takes so long, and a kubeconfig that leads there. */
export function slowApi(): Pick<Fault, 'inject' | 'byHand' | 'env'> {
  const fileOf = ({ home }: Place): string => join(home.path, 'slow.kubeconfig')
  let close: () => Promise<void> = () => Promise.resolve()
  const inject = async (place: Place): Promise<void> => {
    const view = ['config', 'view', '--raw', '--minify', '--flatten']
    const text = await place.onHost(...view)
    const url = new URL(/server: (\S+)/.exec(text)?.[1] ?? '')
    const server = createServer((client) => {
      const api = connect(Number(url.port), url.hostname)
      let said = 0
      client.on('data', (bytes) => {
        said += 1
        api.write(bytes)
      })
      api.on('data', (bytes) => {
        const pass = (): unknown => client.destroyed || client.write(bytes)
        if (said < greetings) pass()
        else setTimeout(pass, answerMs)
      })
      for (const [one, other] of [
        [client, api],
        [api, client],
      ] as const)
        one.on('close', () => other.destroy()).on('error', () => other.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    writeFileSync(
      fileOf(place),
      text.replace(url.origin, `https://127.0.0.1:${port}\n    tls-server-name: kubernetes`),
      { mode: 0o600 },
    )
    close = () => new Promise((resolve) => server.close(() => resolve()))
  }
  return { inject, byHand: () => close(), env: (place) => ({ KUBECONFIG: fileOf(place) }) }
}
