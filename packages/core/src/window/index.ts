export type { Updated } from '../cache/shaped-cache.ts'
export type { TokenLimit, WindowCacheOptions } from './options.ts'
export { WindowCache } from './window-cache.ts'
