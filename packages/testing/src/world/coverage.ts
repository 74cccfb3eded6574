import { phaseTable } from '@knest/core'
import { commands } from './commands.js'
import { faults } from './faults.js'

/** Which operations met which faults in which phases, and where none ever did. */
export function coverageTable(met: ReadonlySet<string>): string {
  const operations = [...commands.map(({ name }) => name), 'controller']
  const rows = operations.map((operation) => {
    const own = [...met].filter((one) => one.startsWith(`${operation} × `))
    const phases = new Set(own.map((one) => one.split(' × ')[1]))
    const hit = new Set(own.flatMap((one) => one.split(' × ')[2] ?? []))
    const missed = faults.map(({ name }) => name).filter((name) => !hit.has(name))
    const holes = missed.length === 0 ? 'none' : missed.join(', ')
    return `  ${operation.padEnd(10)}  phases ${[...phases].join(', ')}; faults never met: ${holes}`
  })
  const pairs = [...met].filter((one) => one.split(' × ').length === 3).length
  return [
    `coverage: ${pairs} of operation × phase × fault, of ${operations.length * faults.length * Object.keys(phaseTable).length}`,
    ...rows,
  ].join('\n')
}
