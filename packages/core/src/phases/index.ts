export { changingReason, withProgress } from './conditions.js'
export { scaleCommand } from './scale-command.js'
export { clusterPhases, permit, phaseTable } from './table.js'
export { halfUpgraded, notCreated } from './refusals.js'
