import type { PlannedStep } from 'knest'
import type { Deps } from '../deps.js'
import { renderValue, type OutputFormat } from '../output.js'
import { renderTable } from '../render/table.js'

/** What `--dry-run` prints. */
export async function printPlan(
  deps: Deps,
  plan: readonly PlannedStep[],
  output: OutputFormat | undefined,
): Promise<void> {
  const steps = plan.map(({ id, title, needs }) => ({ id, title, needs }))
  const value = await renderValue({ steps }, output)
  if (value !== undefined) {
    deps.streams.out(value)
    return
  }
  if (steps.length === 0) {
    deps.messages.info('nothing to do')
    return
  }
  const numbers = new Map(steps.map((step, index) => [step.id, index + 1]))
  deps.streams.out(
    renderTable(
      ['STEP', 'WHAT', 'AFTER'],
      steps.map((step, index) => [
        String(index + 1),
        step.title,
        step.needs.flatMap((id) => numbers.get(id) ?? []).join(','),
      ]),
    ),
  )
}
