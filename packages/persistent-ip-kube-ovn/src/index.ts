export { createKubeOvnAddresses } from './adapter.js'
export { explainKubeOvnEvent } from './explain.js'
