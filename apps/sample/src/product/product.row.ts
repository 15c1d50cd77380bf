import { index, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'

export const product = pgTable(
  'product',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    category: text('category').notNull(),
    /** In cents. */
    price: integer('price').notNull(),
    stock: integer('stock').notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
  },
  ({ category }) => [index('product_category').on(category)],
)

export type Product = typeof product.$inferSelect
