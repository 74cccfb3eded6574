import { describeAddressAdapter } from './address-adapter-contract.js'
import { createFakeAddressAdapter, type FakeAddressHost } from './fake-address-adapter.js'

describeAddressAdapter('FakeAddressAdapter', () => {
  const host: FakeAddressHost = new Map()
  return Promise.resolve({
    open: (options) => createFakeAddressAdapter(host, options),
    range: '10.9.0.8-10.9.0.15',
    outside: '192.0.2.1',
    cleanUp: () => Promise.resolve(),
  })
})
