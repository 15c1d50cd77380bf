import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common'
import { isText, textExpected } from '../text.pipe.ts'
import type { Product } from './product.row.ts'

export type ProductChange = Partial<Pick<Product, 'name' | 'category' | 'price' | 'stock'>>

// The largest integer of Postgres.
const isAmount = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 2_147_483_647

const fields: Readonly<Record<keyof ProductChange, { fits: (value: unknown) => boolean; expected: string }>> = {
  name: { fits: isText, expected: textExpected },
  category: { fits: isText, expected: textExpected },
  price: { fits: isAmount, expected: 'a whole number of cents, such as 1290' },
  stock: { fits: isAmount, expected: 'a whole number, such as 12' },
}

/** Lets the body of a PATCH pass if it changes a product; 400 with every reason if it does not. */
@Injectable()
export class ProductChangePipe implements PipeTransform<unknown, ProductChange> {
  transform(body: unknown): ProductChange {
    const problems = problemsOf(body)
    if (problems.length > 0) throw new BadRequestException(problems)
    return body as ProductChange
  }
}

function problemsOf(body: unknown): string[] {
  const names = Object.keys(fields).join(', ')
  if (typeof body !== 'object' || body === null || Array.isArray(body) || Object.keys(body).length === 0) {
    return [`expected an object with one or more of ${names}`]
  }
  return Object.entries(body).flatMap(([name, value]) => {
    if (!Object.hasOwn(fields, name)) return [`${name}: expected only ${names}`]
    const { fits, expected } = fields[name as keyof ProductChange]
    return fits(value) ? [] : [`${name}: expected ${expected}`]
  })
}
