import { createServer } from 'node:http'
import { once } from 'node:events'
import type { Metrics } from './metrics.js'

/**
 * Serves `/metrics`, `/healthz` and `/readyz` until the signal ends it. Port 0: any free one. Gives the port.
 * Who waits for the Lease is ready too: a rollout must not wait for who leads.
 */
export async function serve(
  port: number,
  metrics: Pick<Metrics, 'text' | 'contentType'>,
  signal: AbortSignal,
): Promise<number> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain'): void => {
      response.writeHead(status, { 'content-type': type }).end(text)
    }
    switch (request.url?.split('?')[0]) {
      case '/healthz':
      case '/readyz':
        answer(200, 'ok\n')
        return
      case '/metrics':
        void metrics.text().then(
          (text) => answer(200, text, metrics.contentType),
          (error: unknown) => answer(500, String(error)),
        )
        return
      default:
        answer(404, 'there are /metrics, /healthz and /readyz\n')
    }
  })
  server.listen(port)
  await once(server, 'listening')
  signal.addEventListener('abort', () => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as { readonly port: number }).port
}
