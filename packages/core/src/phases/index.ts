export { scaleCommand } from './scale-command.js'
export { clusterPhases, permit, phaseTable } from './table.js'
export { notCreated } from './refusals.js'
