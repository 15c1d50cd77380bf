import { InvalidOptionsError } from '@cache-aside/core'
import type { DynamicModule, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common'
import { ModulesContainer } from '@nestjs/core'
import { CacheAsideService } from './cache-aside.service.ts'

/** What stands on the cache of the application, under a name of its own. */
export type FeatureKind = 'RecordCache' | 'WindowCache' | 'SemanticCache'

const kinds: readonly FeatureKind[] = ['RecordCache', 'WindowCache', 'SemanticCache']

/** Options of a feature from other providers. Its name is known before they are: it is what injects it. */
export interface FeatureAsyncOptions<Options>
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider<Options>, 'inject' | 'useFactory'> {
  readonly name: string
}

/** Reads well in Nest's own messages, and as the first part of an option. */
export const featureToken = (kind: FeatureKind, name: string): string => `${kind}(${name})`

/** A module with one provider, which it exports. @param make Is given the cache of the application, and the name. */
export function featureModule<Options extends object>(
  module: Type,
  kind: FeatureKind,
  { name, imports = [], inject = [], useFactory }: FeatureAsyncOptions<Options>,
  make: (options: Options & { readonly name: string; readonly cache: CacheAsideService }) => unknown,
): DynamicModule {
  const token = featureToken(kind, name)
  const provider: FactoryProvider = {
    provide: token,
    inject: [CacheAsideService, ModulesContainer, ...inject],
    useFactory: async (cache: CacheAsideService, modules: ModulesContainer, ...injected: unknown[]) => {
      try {
        refuseNamesake(modules, name)
        // The spread: a factory that returns nothing gets core's list of what is missing, not a TypeError.
        return make({ ...(await useFactory(...injected)), name, cache })
      } catch (error) {
        throw ofFeature(token, error)
      }
    },
  }
  return { module, imports, providers: [provider], exports: [token] }
}

/** Says in an InvalidOptionsError whose options are wrong: `RecordCache(product).ttl`. */
export function ofFeature(token: string, error: unknown): unknown {
  if (!(error instanceof InvalidOptionsError)) return error
  return new InvalidOptionsError(
    error.problems.map((problem) => ({ ...problem, option: `${token}.${problem.option}` })),
  )
}

/** Two of one name would have the same keys, and void what the other has written. @throws {InvalidOptionsError} */
function refuseNamesake(modules: ModulesContainer, name: string): void {
  const tokens = kinds.map((kind) => featureToken(kind, name))
  const named = [...modules.values()].flatMap(({ providers }) => tokens.filter((token) => providers.has(token)))
  if (named.length === 1) return
  const expected = 'a name that nothing else has (modules that share one import what one call has returned)'
  throw new InvalidOptionsError([{ option: 'name', expected, got: named.join(' and ') }])
}
