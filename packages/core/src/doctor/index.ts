export { diagnose } from './diagnose.js'
export { gather } from './gather.js'
