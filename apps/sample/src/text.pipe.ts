import { type ArgumentMetadata, BadRequestException, Injectable, type PipeTransform } from '@nestjs/common'

export const textExpected = 'a text of 1 to 100 characters'

/** What Postgres takes and people can read. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() === value && /^\P{Cc}{1,100}$/u.test(value)
}

/** Lets a part of the URL pass that is a text, or that is not there; 400 for anything else. */
@Injectable()
export class TextPipe implements PipeTransform<unknown, string | undefined> {
  transform(value: unknown, { data }: ArgumentMetadata): string | undefined {
    if (value === undefined || isText(value)) return value
    throw new BadRequestException(`${data}: expected ${textExpected}`)
  }
}
