export { applyAll } from './apply-all.js'
export { endedBy, onAbort, openDeadline, pause, seconds, unlessAborted } from '../signals.js'
export { openForwardServer } from './forward-server.js'
export { openKube } from './open-kube.js'
