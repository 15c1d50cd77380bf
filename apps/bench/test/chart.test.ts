import { expect, it } from 'vitest'
import { svgOf } from '../src/chart.ts'
import { spread } from '../src/spread.ts'

const chart = {
  name: 'hits',
  title: 'Hits < misses & more',
  unit: '÷ floor',
  bars: [
    { label: 'ours', spread: spread([3, 4, 5]), ours: true },
    { label: 'theirs', spread: spread([2]) },
  ],
}

it('a bar is as long as its median, and its range goes from the least to the most', () => {
  const svg = svgOf(chart)

  const [ours, theirs] = Array.from(svg.matchAll(/<rect class="(\w+)" .* width="([\d.]+)"/g), ([, kind, width]) => ({
    kind,
    width: Number(width),
  }))
  expect([ours?.kind, theirs?.kind]).toEqual(['ours', 'bar'])
  expect(Number(ours?.width) / Number(theirs?.width)).toBeCloseTo(2, 1)
  const [from = 0, to = 0] = rangesOf(svg)[0] ?? []
  const zero = Number(/<rect class="ours" x="([\d.]+)"/.exec(svg)?.[1])
  expect((from - zero) / Number(ours?.width)).toBeCloseTo(3 / 4, 1)
  expect(to).toBeGreaterThan(zero + Number(ours?.width))
  expect(svg).toContain('>4 (3–5)</text>')
})

it('a mark beyond every bar makes room for itself', () => {
  const svg = svgOf({ ...chart, marks: [{ at: 10, label: 'wanted 10' }] })

  const mark = Number(/<line class="mark" x1="([\d.]+)"/.exec(svg)?.[1])
  const most = Math.max(...rangesOf(svg).flat())
  expect(mark).toBeGreaterThan(most)
  expect(mark).toBeLessThan(Number(/<svg .*?width="(\d+)"/.exec(svg)?.[1]))
  expect(svg).toContain('>wanted 10</text>')
})

it('one outlier does not make the other bars short', () => {
  const outlier = { label: 'wild', spread: spread([2, 2, 900]) }

  const wild = svgOf({ ...chart, bars: [...chart.bars, outlier] })

  const oursIn = (svg: string) => /<rect class="ours" .*/.exec(svg)?.[0]
  expect(oursIn(wild)).toBe(oursIn(svgOf(chart)))
  expect(rangesOf(wild).at(-1)?.[1]).toBeLessThan(760)
})

it('marks whose texts would overlap stand apart, and those of one place are one', () => {
  const svg = svgOf({
    ...chart,
    marks: [
      { at: 1, label: 'floor' },
      { at: 0.9, label: 'wanted' },
      { at: 1, label: 'x' },
    ],
  })

  const marks = Array.from(svg.matchAll(/text-anchor="(\w+)">(wanted|floor.*)<\/text>/g), ([, anchor, label]) => [
    label,
    anchor,
  ])
  expect(marks).toEqual([
    ['wanted', 'end'],
    ['floor, x', 'start'],
  ])
})

it('what a title has that XML does not bear is escaped', () => {
  expect(svgOf(chart)).toContain('>Hits &lt; misses &amp; more</text>')
})

function rangesOf(svg: string): number[][] {
  return Array.from(svg.matchAll(/<line class="range" x1="([\d.]+)" x2="([\d.]+)"/g), ([, from, to]) => [
    Number(from),
    Number(to),
  ])
}
