import { type NestInterceptor, type Type, UseInterceptors } from '@nestjs/common'
import { parseName } from '../interceptors/key-template.ts'
import { metadata } from '../interceptors/route-settings.ts'
import type { WriteTarget } from '../interceptors/write-targets.ts'

/**
 * A decorator of a method that writes. What it names is joined with what others of its kind name on the method, keys and
 * tags alike: one interceptor voids all of it.
 *
 * @throws {InvalidOptionsError} for a template that cannot be read.
 */
export function writeDecorator(
  kind: 'invalidate' | 'mutate',
  interceptor: Type<NestInterceptor>,
  { decorator, what }: { readonly decorator: string } & Pick<WriteTarget, 'what'>,
  names: readonly (string | ((given: never) => unknown))[],
): MethodDecorator {
  const targets = names.map((name) => ({ what, of: parseName(name, decorator) }))

  return (prototype, method, descriptor) => {
    const handler = descriptor.value as object
    const others = Reflect.getOwnMetadata(metadata[kind], handler) as readonly unknown[] | undefined
    Reflect.defineMetadata(metadata[kind], [...targets, ...(others ?? [])], handler)
    // Bound here, so that it cannot be forgotten; once, however many of these stand on the method.
    if (others === undefined) UseInterceptors(interceptor)(prototype, method, descriptor)
  }
}
