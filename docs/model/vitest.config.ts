import { defineConfig } from 'vitest/config'

/** What `pnpm model` runs: larger configurations too, and the traces in full. */
export default defineConfig({
  test: { include: ['docs/model/*.test.ts'], env: { MODEL: 'large' }, disableConsoleIntercept: true },
})
