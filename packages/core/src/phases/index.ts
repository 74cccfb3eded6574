export { scaleCommand } from './scale-command.js'
export { clusterPhases, operations, permit, phaseTable, type Operation, type PhaseRules } from './table.js'
export { notCreated } from './refusals.js'
