// Its dependency injection needs the polyfill before it is evaluated.
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { webcrypto } from 'node:crypto'

x509.cryptoProvider.set(webcrypto)

export { x509 }
