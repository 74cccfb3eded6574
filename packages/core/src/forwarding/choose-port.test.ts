import { describe, expect, it, test } from 'vitest'
import { choosePort, portText, schemeOf, type NamedPort, type PortOwner } from './choose-port.js'

const http = { number: 80, name: 'http' }
const https = { number: 8443, name: 'https' }
const dns = { number: 53, name: 'dns', protocol: 'UDP' }
const dnsTcp = { number: 53, name: 'dns-tcp' }

const service = (...ports: readonly NamedPort[]): PortOwner => ({
  subject: 'Service "x"',
  ports,
  mayServeOthers: false,
})
const pod = (...ports: readonly NamedPort[]): PortOwner => ({
  subject: 'Pod "x"',
  ports,
  mayServeOthers: true,
})

describe('the port', () => {
  it.each<[string, PortOwner, string | undefined, NamedPort, number?]>([
    ['is the only one', service(http), undefined, http],
    ['is the first, with the others told', service(http, https), undefined, http, 1],
    ['is the first of TCP', service(dns, dnsTcp), undefined, dnsTcp],
    ['is meant by its number', service(http, https), '8443', https],
    ['is meant by its name', service(http, https), 'https', https],
    ['is that of TCP where both have the number', service(dns, dnsTcp), '53', dnsTcp],
    ['of a pod may be one that it does not declare', pod(http), '9090', { number: 9090 }],
    ['of a pod that declares none', pod(), '9090', { number: 9090 }],
  ])('%s', (_, owner, wanted, port, others = 0) => {
    const chosen = choosePort(owner, wanted)
    expect(chosen.port).toEqual(port)
    expect(chosen.others).toHaveLength(others)
  })

  it.each<[string, PortOwner, string | undefined, string, string | undefined]>([
    ['a number', service(http, dns), '81', 'Service "x" has no port "81"', 'it has 80 (http), 53/UDP (dns)'],
    ['a name', service(http), 'web', 'Service "x" has no port "web"', 'it has 80 (http)'],
    ['a name of a pod', pod(), 'web', 'Pod "x" has no port "web"', 'it declares none'],
    ['a number that is no port', pod(), '70000', 'Pod "x" has no port "70000"', 'it declares none'],
    [
      'UDP',
      service(dns),
      undefined,
      'only TCP can be forwarded, and Service "x" has 53/UDP (dns)',
      'a Service of type LoadBalancer carries UDP, too',
    ],
    [
      'UDP by name',
      service(http, dns),
      'dns',
      'only TCP can be forwarded, and Service "x" has 53/UDP (dns)',
      'a Service of type LoadBalancer carries UDP, too',
    ],
    [
      'none of a pod that declares none',
      pod(),
      undefined,
      'Pod "x" declares no port',
      'say which behind a colon, as in :8080',
    ],
  ])('cannot be %s', (_, owner, wanted, message, hint) => {
    expect(() => choosePort(owner, wanted)).toThrow(expect.objectContaining({ message, hint }))
  })
})

test.each<[NamedPort, string, string]>([
  [http, 'http', '80 (http)'],
  [{ number: 443 }, 'https', '443'],
  [https, 'https', '8443 (https)'],
  [{ number: 8443, name: 'web', appProtocol: 'HTTPS' }, 'https', '8443 (web)'],
  [{ number: 8443, appProtocol: 'kubernetes.io/h2c' }, 'http', '8443'],
])('%j is reached by %s', (port, scheme, text) => {
  expect(schemeOf(port)).toBe(scheme)
  expect(portText(port)).toBe(text)
})
