export { openPort } from './open-port.js'
