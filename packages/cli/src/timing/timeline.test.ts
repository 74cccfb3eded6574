import { describe, expect, it } from 'vitest'
import type { StepTime } from 'knest'
import { ganttSvg } from './gantt-svg.js'
import { timelineOf } from './timeline.js'
import { timingTable } from './timing-table.js'

function step(id: string, startMs: number, endMs: number, ...needs: string[]): StepTime {
  return { id, title: `Do ${id}`, needs, startMs: 1000 + startMs, endMs: 1000 + endMs }
}

const whole = { startMs: 1000, endMs: 5000 }

/** As `title start-end`. */
function criticalOf(steps: readonly StepTime[]): readonly string[] {
  const { bars } = timelineOf(steps, whole)
  return bars
    .filter(({ critical }) => critical)
    .map(({ title, startMs, endMs }) => `${title} ${startMs}-${endMs}`)
}

describe('timelineOf', () => {
  it('follows from the end what each step waited for longest', () => {
    const steps = [
      step('node', 0, 900),
      step('authorities', 0, 100),
      step('boot', 900, 2500, 'node', 'authorities'),
      step('kubeconfig', 100, 3000, 'authorities'),
      step('ready', 3000, 4000, 'boot', 'kubeconfig'),
    ]
    expect(criticalOf(steps)).toEqual([
      'Do authorities 0-100',
      'Do kubeconfig 100-3000',
      'Do ready 3000-4000',
    ])
  })

  it('takes for steps without needs what ended last before them', () => {
    const steps = [step('check', 0, 500), step('short', 0, 400), step('first', 500, 4000)]
    expect(criticalOf(steps)).toEqual(['Do check 0-500', 'Do first 500-4000'])
  })

  it('shows time in which no step ran, so that the critical bars fill the whole', () => {
    const steps = [step('check', 300, 900), step('work', 1000, 3500, 'gone'), step('more', 1000, 1002)]
    expect(criticalOf(steps)).toEqual([
      '(between steps) 0-300',
      'Do check 300-900',
      '(between steps) 900-1000',
      'Do work 1000-3500',
      '(between steps) 3500-4000',
    ])
  })

  it('puts parts behind their step, and never on the path', () => {
    const part = { ...step('part', 500, 4000), within: 'ready' }
    const { bars } = timelineOf([part, step('ready', 500, 4000), step('other', 0, 600)], whole)
    expect(bars.map(({ title, depth, critical }) => [title, depth, critical])).toEqual([
      ['(between steps)', 0, true],
      ['Do other', 0, false],
      ['Do ready', 0, true],
      ['Do part', 1, false],
    ])
  })

  it('ends for steps that took no time', () => {
    expect(criticalOf([step('a', 0, 0), step('b', 0, 0), step('c', 0, 0)])).toHaveLength(2)
  })

  it('has an end, and one of each, for a command that began anew after an outage', () => {
    const once = (startMs: number): readonly StepTime[] => [
      step('node', startMs, startMs + 100),
      step('ready', startMs + 100, startMs + 200, 'node'),
    ]
    expect(criticalOf([...once(0), ...once(1000)])).toEqual([
      'Do node 0-100',
      'Do ready 100-200',
      '(between steps) 200-1000',
      'Do node 1000-1100',
      'Do ready 1100-1200',
      '(between steps) 1200-4000',
    ])
  })

  it('has an answer for an operation without steps', () => {
    expect(timelineOf([], whole)).toEqual({
      totalMs: 4000,
      bars: [{ title: '(between steps)', depth: 0, startMs: 0, endMs: 4000, critical: true }],
    })
  })
})

describe('what is shown of a timeline', () => {
  const timeline = timelineOf([step('a <b> & c', 0, 1000), step('d', 0, 500), step('e', 1000, 4000)], whole)

  it('is a table whose last column is the critical path', () => {
    expect(
      timingTable(timelineOf([step('a', 0, 1000), step('d', 0, 500), step('e', 1000, 4000)], whole)),
    ).toBe(
      [
        'STEP    START   END    TIME   CRITICAL',
        'Do d    0.0s    0.5s   0.5s',
        'Do a    0.0s    1.0s   1.0s   1.0s',
        'Do e    1.0s    4.0s   3.0s   3.0s',
        '(all)   0.0s    4.0s   4.0s',
        '',
      ].join('\n'),
    )
  })

  it('is a chart with one bar a step, the critical ones marked', () => {
    const svg = ganttSvg(timeline, 'knest create <a>')
    expect(svg).toContain('knest create &lt;a&gt;: 4.0s')
    expect(svg).toContain('Do a &lt;b&gt; &amp; c')
    expect(svg.match(/<rect x=/g)).toHaveLength(3)
    expect(svg.match(/fill="#c2410c"/g)).toHaveLength(2)
    expect(svg).not.toMatch(/NaN|undefined/)
  })
})
