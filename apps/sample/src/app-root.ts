import { dirname } from 'node:path'

/** The folder of this app: the parent of `src`, and of `dist` where this is bundled. */
export const appRoot = dirname(import.meta.dirname)
