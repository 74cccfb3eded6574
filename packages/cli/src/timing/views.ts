export { ganttSvg } from './gantt-svg.js'
export { timelineOf } from './timeline.js'
export { timingTable } from './timing-table.js'
