import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common'
import { isText } from '../text.pipe.ts'

const most = 100

/** Makes a list of `p-001,p-007`; 400 for anything else. */
@Injectable()
export class IdsPipe implements PipeTransform<unknown, string[]> {
  transform(value: unknown): string[] {
    const ids = typeof value === 'string' ? value.split(',') : []
    if (ids.length > 0 && ids.length <= most && ids.every(isText)) return ids
    throw new BadRequestException(`ids: expected 1 to ${most} of them, such as p-001,p-007`)
  }
}
