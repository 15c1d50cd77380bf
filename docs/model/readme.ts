import { readFileSync } from 'node:fs'

/** The tables beside this file, whatever the width of their columns. */
export const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ')

/** Set by `pnpm model`. */
export const isLarge = process.env.MODEL === 'large'

export const count = (number: number): string => number.toLocaleString('en-US')
