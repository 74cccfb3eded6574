export { portRequest } from './request.js'
export { showOpened, untilStopped } from './opened.js'
