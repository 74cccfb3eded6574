export { nodeLogsCommand, parseNodeLogs } from './node-logs.js'
export { redactObject, redactText } from './redact.js'
