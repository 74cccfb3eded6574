/** Bytes of commands: every connection to a node passes them on in the same way. */
export { fanOut } from './fan-out.js'
export { peekGzip, type Peeked } from './gzip.js'
export { openInput, toBytes, type Input } from './input.js'
export { connectCommand, type CommandStreams } from './local.js'
export { openOutput, type Output } from './output.js'
export { sharePause, type Pausable } from './sink.js'
export { collectText, execText, TextSink } from './text.js'
