import { request } from 'node:https'
import { contextName, KnestError } from '@knest/core'
import type { HostAccess } from '../home/access.js'
import { hostContext } from './spec.js'

/** A host's context is called like the host, not `knest-knest-host`. */
export function hostKubeconfig(kubeconfig: string, name: string): string {
  return kubeconfig.replaceAll(contextName(name), hostContext(name))
}

/**
 * One GET without the Kubernetes client, whose loading takes longer than all else in a look at a host
 * that is up. Undefined for 404.
 */
export function getJson(access: HostAccess, path: string, signal: AbortSignal): Promise<unknown> {
  const { server, serverName, ca, cert, key } = access
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const message = `the API server at ${server} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`
      reject(new KnestError('host-unreachable', message, { cause }))
    }
    const options = {
      ca,
      cert,
      key,
      signal,
      agent: false,
      ...(serverName === undefined ? {} : { servername: serverName }),
    } as const
    const sent = request(new URL(path, server), options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', fail)
      response.once('end', () => {
        const { statusCode = 0 } = response
        if (statusCode === 404) resolve(undefined)
        else if (statusCode !== 200) fail(`HTTP ${statusCode}`)
        else resolveJson(Buffer.concat(chunks).toString(), resolve, fail)
      })
    })
    sent.once('error', fail)
    sent.end()
  })
}

/** What is thrown in a listener would end the process. */
function resolveJson(text: string, resolve: (value: unknown) => void, fail: (cause: unknown) => void): void {
  try {
    resolve(JSON.parse(text))
  } catch (error) {
    fail(error)
  }
}
