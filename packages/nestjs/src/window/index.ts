export { type TokenLimit, type Updated, WindowCache, type WindowCacheOptions } from '@cache-aside/core/window'
export {
  getWindowCacheToken,
  InjectWindowCache,
  WindowCacheModule,
  type WindowCacheModuleAsyncOptions,
  type WindowCacheModuleOptions,
} from './window-cache.module.ts'
