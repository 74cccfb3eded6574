import { isReadAnew } from '../../url-host.js'

/**
 * The server of a cluster as kubectl takes it: without a scheme it is plain HTTP; a path is what every request's path
 * begins with; a query is left out. Undefined for what is none.
 */
export function serverUrl(server: string): URL | undefined {
  const given = parse(server)
  const url = given !== undefined && /^[a-z][a-z\d+.-]*:\/\/[^/]/i.test(server) ? given : bare(server)
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '')
    return undefined
  url.search = ''
  url.hash = ''
  return url
}

/** Whether all of a user name and password can be read. */
function isWellEscaped({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

/** As in `10.0.0.1:8080`. */
function bare(server: string): URL | undefined {
  const url = parse(`http://${server}`)
  return url === undefined || !['', '/'].includes(url.pathname) ? undefined : url
}

function parse(text: string): URL | undefined {
  // Node takes blanks away that kubectl refuses.
  if (text !== text.trim() || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return isReadAnew(url, text) || !isWellEscaped(url) ? undefined : url
}
