import { KnestError } from '../errors.js'
import { isPort, parseWholeNumber } from '../values/index.js'

/** A port as a Service or a container has it. */
export interface NamedPort {
  readonly number: number
  /** Absent: one that is not declared, or has none. */
  readonly name?: string | undefined
  /** TCP when absent. */
  readonly protocol?: string | undefined
  readonly appProtocol?: string | undefined
}

export interface PortOwner {
  /** As in `Service "web"`. */
  readonly subject: string
  readonly ports: readonly NamedPort[]
  /** Containers serve ports that they do not declare, too. */
  readonly mayServeOthers: boolean
}

export interface ChosenPort {
  readonly port: NamedPort
  /** Further ones, where nobody said which. */
  readonly others: readonly NamedPort[]
}

/** The port that is meant by its number or name, else the only one, or the first. Throws what keeps it from it. Pure. */
export function choosePort(owner: PortOwner, wanted: string | undefined): ChosenPort {
  const { subject, ports, mayServeOthers } = owner
  const served = ports.filter(isTcp)
  if (wanted === undefined) {
    const [port, ...others] = served
    if (port !== undefined) return { port, others }
    if (ports.length > 0) throw notTcp(subject, ports)
    const hint = mayServeOthers ? 'say which behind a colon, as in :8080' : undefined
    throw new KnestError('not-found', `${subject} declares no port`, { hint })
  }
  const number = parseWholeNumber(wanted)
  const isMeant = (port: NamedPort): boolean =>
    number === undefined ? port.name === wanted : port.number === number
  const port = served.find(isMeant)
  if (port !== undefined) return { port, others: [] }
  const meant = ports.filter(isMeant)
  if (meant.length > 0) throw notTcp(subject, meant)
  if (number !== undefined && isPort(number) && mayServeOthers) return { port: { number }, others: [] }
  throw new KnestError('not-found', `${subject} has no port "${wanted}"`, {
    hint: ports.length === 0 ? 'it declares none' : `it has ${ports.map(portText).join(', ')}`,
  })
}

/** As in `80 (http)`, and `53/UDP (dns)`. */
export function portText(port: NamedPort): string {
  const number = isTcp(port) ? `${port.number}` : `${port.number}/${port.protocol ?? ''}`
  return port.name === undefined || port.name === '' ? number : `${number} (${port.name})`
}

/** What a browser is told of the port. */
export function schemeOf({ number, name, appProtocol }: NamedPort): 'http' | 'https' {
  return number === 443 || name === 'https' || appProtocol?.toLowerCase() === 'https' ? 'https' : 'http'
}

function isTcp({ protocol = 'TCP' }: NamedPort): boolean {
  return protocol === 'TCP'
}

function notTcp(subject: string, ports: readonly NamedPort[]): KnestError {
  return new KnestError('prerequisite', `only TCP can be forwarded, and ${subject} has ${list(ports)}`, {
    hint: 'a Service of type LoadBalancer carries UDP, too',
  })
}

function list(ports: readonly NamedPort[]): string {
  return ports.map(portText).join(', ')
}
