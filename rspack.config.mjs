// The builder of `nest start`: the app bundled with the sources of our packages; everything else stays external.
export default (options) => ({
  ...options,
  externals: [
    ({ request }, done) => (/^\.|^\/|^@cache-aside\//.test(request) ? done() : done(null, `module ${request}`)),
  ],
  resolve: { ...options.resolve, conditionNames: ['@cache-aside/source', 'import', 'node', 'default'] },
  output: { ...options.output, filename: 'main.js', path: `${import.meta.dirname}/apps/sample/dist` },
  devtool: 'source-map',
})
