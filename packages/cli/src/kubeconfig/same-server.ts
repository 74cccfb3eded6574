export function isSameServer(one: string, other: string): boolean {
  return one === other || endpoint(one) === endpoint(other)
}

/** Without credentials; with the port that is left out. */
function endpoint(server: string): string {
  if (!URL.canParse(server)) return server
  const { protocol, hostname, port, pathname } = new URL(server)
  const usual = protocol === 'https:' ? '443' : '80'
  return `${protocol}//${hostname}:${port === '' ? usual : port}${pathname.replace(/\/+$/, '')}`
}
