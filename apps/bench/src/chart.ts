import { type Spread, showSpread } from './spread.ts'

/**
 * Bars, from left to right, of one figure of several peers: `svgOf` draws them, and `save` of `report.ts` writes what a
 * workload returns as its `charts` beside its tables.
 */
export interface Chart {
  /** Of its file, after the workload's: `64-callers` of `hits` is `hits-64-callers.svg`. */
  readonly name: string
  readonly title: string
  /** What the length of a bar is: `reads/s ÷ ioredis`. */
  readonly unit: string
  readonly bars: readonly Bar[]
  /** Lines across the bars: what is compared with, and what is wanted. */
  readonly marks?: readonly Mark[]
}

interface Bar {
  readonly label: string
  /** Its length is the median; a thin line goes from the least to the most, or to the edge. */
  readonly spread: Spread
  /** What this repository is about: it stands out. */
  readonly ours?: boolean
}

interface Mark {
  readonly at: number
  readonly label: string
}

const [width, rowHeight, barHeight, labels, values, top] = [760, 26, 14, 230, 130, 68]
const plot = width - labels - values
/** Closer than this, the texts of two marks would overlap. */
const markWidth = 80

// An image takes no colours from the page it stands in, but knows whether that is dark.
const style = `
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.small { font-size: 11px; fill: #59636e }
.bar { fill: #9aa4b2 } .ours { fill: #1f6feb }
.range { stroke: #1f2328; stroke-width: 1.5 }
.mark { stroke: #d1242f; stroke-dasharray: 4 3 } .wanted { fill: #d1242f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small { fill: #9198a1 } .bar { fill: #656c76 } .ours { fill: #4493f8 }
  .range { stroke: #e6edf3 } .mark { stroke: #f85149 } .wanted { fill: #f85149 }
}`

export function svgOf({ title, unit, bars, marks = [] }: Chart): string {
  // One outlier does not make all the others short.
  const longest = 1.2 * Math.max(...bars.map(({ spread }) => spread.median), ...marks.map(({ at }) => at))
  const at = (value: number) => round(labels + Math.min(1, value / longest) * plot)
  const height = top + bars.length * rowHeight + 12
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}\n</style>`,
    `<text class="title" x="12" y="22">${escaped(title)}</text>`,
    `<text class="small" x="12" y="40">${escaped(unit)}</text>`,
    ...bars.flatMap((bar, row) => barOf(bar, top + row * rowHeight, at)),
    ...marksOf(marks, height - 8, at),
    '</svg>',
  ]
  return `${lines.join('\n')}\n`
}

function barOf({ label, spread, ours }: Bar, y: number, at: (value: number) => number): string[] {
  const [left, middle] = [at(0), round(y + rowHeight / 2)]
  const baseline = middle + 4.5
  return [
    `<text x="${left - 10}" y="${baseline}" text-anchor="end">${escaped(label)}</text>`,
    `<rect class="${ours ? 'ours' : 'bar'}" x="${left}" y="${middle - barHeight / 2}" width="${round(at(spread.median) - left)}" height="${barHeight}" rx="2"/>`,
    `<line class="range" x1="${at(spread.min)}" x2="${at(spread.max)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${round(Math.max(at(spread.max), at(spread.median)) + 8)}" y="${baseline}">${escaped(showSpread(spread))}</text>`,
  ]
}

function marksOf(marks: readonly Mark[], bottom: number, at: (value: number) => number): string[] {
  const places = [...new Set(marks.map((mark) => mark.at))].toSorted((one, other) => one - other)
  return places.flatMap((value, place) => {
    const x = at(value)
    const label = marks.filter((mark) => mark.at === value).map((mark) => mark.label)
    const [left, right] = [places[place - 1], places[place + 1]]
    const isCrowded = (neighbour: number | undefined) =>
      neighbour !== undefined && Math.abs(at(neighbour) - x) < markWidth
    const anchor = isCrowded(right) ? 'end' : isCrowded(left) ? 'start' : 'middle'
    return [
      `<line class="mark" x1="${x}" x2="${x}" y1="${top - 4}" y2="${bottom}"/>`,
      `<text class="small wanted" x="${x}" y="${top - 9}" text-anchor="${anchor}">${escaped(label.join(', '))}</text>`,
    ]
  })
}

const round = (value: number) => Math.round(value * 10) / 10

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
