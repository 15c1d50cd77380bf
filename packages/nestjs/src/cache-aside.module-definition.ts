import { ConfigurableModuleBuilder } from '@nestjs/common'
import type { CacheAsideModuleOptions } from './cache-aside.options.ts'

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CacheAsideModuleOptions>({ moduleName: 'CacheAside' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCacheAsideOptions')
    .setExtras({ isGlobal: false }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build()
