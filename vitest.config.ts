import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

interface Workspace {
  readonly folder: string
  /** Has tests of its types. */
  readonly typed?: boolean
  /** Packages to take from somewhere else. */
  readonly alias?: Record<string, string>
}

function project(name: string, { folder, typed = false, alias = {} }: Workspace): TestProjectInlineConfiguration {
  return {
    extends: true,
    resolve: { alias },
    test: {
      name,
      include: [`${folder}/{src,test}/**/*.test.ts`],
      typecheck: {
        enabled: typed,
        include: [`${folder}/test/types/*.test-d.ts`],
        tsconfig: 'tsconfig.test.json',
        // The rest of the program is checked by `tsc -b`.
        ignoreSourceErrors: true,
      },
    },
  }
}

const nest11 = Object.fromEntries(
  ['common', 'core', 'platform-express', 'platform-fastify', 'testing'].map((name) => [
    `@nestjs/${name}`,
    `${import.meta.dirname}/packages/nestjs/test/nest-11/node_modules/@nestjs/${name}`,
  ]),
)

export default defineConfig({
  // Our packages as sources; the rest is what Vite has by default.
  ssr: { resolve: { conditions: ['@cache-aside/source', 'module', 'node', 'development|production'] } },
  // Nest applications inject by type, so the sample needs the metadata.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    // A server may have to be fetched.
    hookTimeout: 180_000,
    projects: [
      project('core', { folder: 'packages/core', typed: true }),
      project('testkit', { folder: 'packages/testkit' }),
      project('nestjs', { folder: 'packages/nestjs', typed: true }),
      project('nestjs-11', { folder: 'packages/nestjs', alias: nest11 }),
      project('prove', { folder: 'apps/prove' }),
      project('bench', { folder: 'apps/bench' }),
      project('sample', { folder: 'apps/sample' }),
      { extends: true, test: { name: 'model', include: ['docs/model/*.test.ts'] } },
    ],
  },
})
