import type { product } from './product.row.ts'

type NewProduct = typeof product.$inferInsert

const catalogue: Readonly<Record<string, readonly (readonly [name: string, price: number, stock: number])[]>> = {
  coffee: [
    ['Espresso Roast, 250 g', 890, 64],
    ['Filter Roast, 250 g', 950, 41],
    ['Decaf, 250 g', 990, 18],
    ['Cold Brew Blend, 500 g', 1590, 27],
    ['Single Origin Sidamo, 250 g', 1290, 12],
    ['Single Origin Huila, 250 g', 1250, 9],
  ],
  tea: [
    ['Assam, 100 g', 640, 53],
    ['Darjeeling First Flush, 100 g', 1180, 22],
    ['Sencha, 100 g', 780, 37],
    ['Genmaicha, 100 g', 720, 31],
    ['Earl Grey, 100 g', 690, 58],
    ['Rooibos, 100 g', 520, 44],
  ],
  brewing: [
    ['Hand Grinder', 5900, 15],
    ['Pour-over Dripper', 2450, 33],
    ['French Press, 1 l', 3290, 20],
    ['Gooseneck Kettle', 6900, 8],
    ['Kitchen Scale, 0.1 g', 3990, 17],
    ['Paper Filters, 100', 480, 120],
  ],
  cups: [
    ['Espresso Cup, 60 ml', 890, 72],
    ['Cappuccino Cup, 180 ml', 1090, 48],
    ['Latte Bowl, 350 ml', 1490, 26],
    ['Tea Cup, 200 ml', 990, 39],
    ['Travel Mug, 400 ml', 2190, 14],
    ['Glass Carafe, 600 ml', 2790, 11],
  ],
}

export const seed: readonly NewProduct[] = Object.entries(catalogue)
  .flatMap(([category, products]) => products.map(([name, price, stock]) => ({ category, name, price, stock })))
  .map((each, index) => ({ id: `p-${String(index + 1).padStart(3, '0')}`, ...each }))
