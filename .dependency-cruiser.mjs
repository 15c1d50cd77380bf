// The layers of packages/core/src, lowest first: none may look up, none may look sideways.
const layers = [
  ['time'],
  ['entry'],
  ['protocol'],
  ['load', 'near', 'tags', 'resilience'],
  ['cache'],
  ['write-behind', 'define', 'record', 'window', 'semantic'],
]
const core = (folders) => `^packages/core/src/(${folders.join('|')})/`
const upward = layers.slice(0, -1).map((folders, level) => ({
  name: `core: ${folders.join(', ')} may not look up`,
  severity: 'error',
  from: { path: core(folders) },
  to: { path: core(layers.slice(level + 1).flat()) },
}))
const sideways = layers
  .filter((folders) => folders.length > 1)
  .flat()
  .map((folder) => ({
    name: `core: ${folder} may not look sideways`,
    severity: 'error',
    from: { path: core([folder]) },
    to: { path: core(layers.find((folders) => folders.includes(folder)).filter((other) => other !== folder)) },
  }))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...upward,
    ...sideways,
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      // A whole and its parts may know each other's types.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'core stands alone',
      severity: 'error',
      from: { path: '^packages/core/src' },
      to: { path: ['^packages/nestjs', '^packages/testkit', '^apps', '@nestjs/', '(^|/)rxjs/'] },
    },
    { name: 'packages do not know apps', severity: 'error', from: { path: '^packages' }, to: { path: '^apps' } },
    {
      name: 'enter a package by its front door',
      severity: 'error',
      from: { path: '^(?:apps|packages)/([^/]+)/' },
      to: {
        path: '^packages/([^/]+)/src/',
        pathNot: ['^packages/$1/', '^packages/[^/]+/src/index\\.ts$', '^packages/[^/]+/src/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'errors.ts and events.ts import only types',
      severity: 'error',
      from: { path: '^packages/core/src/(errors|events)\\.ts$' },
      to: { path: '^packages/core/src', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/|\\.test\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@cache-aside/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
}
