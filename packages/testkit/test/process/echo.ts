// What a Nest module needs of whoever compiles it.
function decorated(): ParameterDecorator {
  return () => {}
}

class Greeting {
  constructor(@decorated() readonly args: readonly string[]) {}
}

process.on('message', (message) => {
  if (message === 'throw') throw new Error('thrown on purpose')
  process.send?.(message)
})
process.send?.({ args: new Greeting(process.argv.slice(2)).args, env: process.env.ECHO })
