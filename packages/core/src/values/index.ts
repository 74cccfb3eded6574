export { canonical } from './canonical.js'
export { fullImageName, shortImageName } from './image-name.js'
export { durationMs, durationNanos } from './duration.js'
export { isPort, parseInt64, parsePercent, parseWholeNumber } from './integer.js'
export { ipFamily } from './ip.js'
export { oneLine } from './one-line.js'
export {
  domainFault,
  imageFault,
  imageTag,
  labelFault,
  labelKeyFault,
  labelValueFault,
  nodeLabelFault,
  subdomainFault,
} from './kubernetes-syntax.js'
export {
  formatBytes,
  isSameQuantity,
  parseBytes,
  parseCpuCores,
  parseMillicores,
  parseQuantity,
  pieces,
  quantityNanos,
} from './quantity.js'
export { parseLabelSelector } from './label-selector.js'
export { isRecord } from './record.js'
export { parseTime } from './time.js'
export { compareVersions, parseVersion, withoutV, type Version } from './version.js'
