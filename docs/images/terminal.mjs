#!/usr/bin/env node
// Draws the text of a terminal as an SVG: node docs/images/terminal.mjs docs/images/run.txt
// writes docs/images/run.svg. In the text, lines that begin with "$ " are what was typed, those that begin with
// a tick are steps that are done. See README.md beside this file for how the text is recorded.
import { readFileSync, writeFileSync } from 'node:fs'

const [source] = process.argv.slice(2)
if (source === undefined || !source.endsWith('.txt')) {
  console.error('usage: node docs/images/terminal.mjs FILE.txt')
  process.exit(2)
}

const size = 14
const charWidth = size * 0.602
const lineHeight = 20
const padding = 18
const bar = 30
const colours = {
  back: '#161b22',
  bar: '#21262d',
  text: '#d0d7de',
  dim: '#8b949e',
  typed: '#ffffff',
  done: '#3fb950',
}

const lines = readFileSync(source, 'utf8').trimEnd().split('\n')
const columns = Math.max(...lines.map((line) => line.length))
const width = Math.ceil(columns * charWidth + 2 * padding)
const height = bar + lines.length * lineHeight + 2 * padding - 6

/** Blanks that no viewer folds into one. */
const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '&#160;')

/** Pieces of a line with their colours. */
function pieces(line) {
  const typed = /^(\$) (.*)$/.exec(line)
  if (typed !== null) {
    return [
      [typed[1], colours.dim],
      [` ${typed[2]}`, colours.typed],
    ]
  }
  const step = /^(✔) (.*?)( \[[\d.]+m?s\])?$/.exec(line)
  if (step === null) return [[line, colours.text]]
  return [
    [step[1], colours.done],
    [` ${step[2]}`, colours.text],
    [step[3] ?? '', colours.dim],
  ]
}

const text = lines.map((line, index) => {
  const y = bar + padding + size - 4 + index * lineHeight
  // The length keeps columns in line whatever monospaced font there is.
  const length = line === '' ? '' : ` textLength="${(line.length * charWidth).toFixed(1)}"`
  const spans = pieces(line).map(([part, fill]) =>
    part === '' ? '' : `<tspan fill="${fill}">${escape(part)}</tspan>`,
  )
  return `  <text x="${padding}" y="${y}"${length}>${spans.join('')}</text>`
})

const dots = [0, 1, 2].map((n) => `<circle cx="${padding + 4 + n * 18}" cy="15" r="5" fill="#484f58"/>`)

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
  <title>${escape(lines.filter((line) => line.startsWith('$ ')).join('; '))}</title>
  <rect width="${width}" height="${height}" rx="8" fill="${colours.back}"/>
  <path d="M0 ${bar} V8 a8 8 0 0 1 8 -8 H${width - 8} a8 8 0 0 1 8 8 V${bar} z" fill="${colours.bar}"/>
  ${dots.join('')}
  <g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${size}">
${text.filter((line) => line.includes('<tspan')).join('\n')}
  </g>
</svg>
`
writeFileSync(source.replace(/\.txt$/, '.svg'), svg)
