import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import type { Pool } from 'pg'
import { appRoot } from '../app-root.ts'
import { product } from '../product/product.row.ts'
import { seed } from '../product/product.seed.ts'

// Any number will do, as long as nothing else in this database locks it.
const migrationLock = 8_080

/** Brings the database up to date and fills it if it is empty. Processes that start together take turns. */
export async function migrate(pool: Pool): Promise<void> {
  const connection = await pool.connect()
  try {
    await connection.query('select pg_advisory_lock($1)', [migrationLock])
    const database = drizzle(connection)
    await applyMigrations(database, { migrationsFolder: join(appRoot, 'sql') })
    if ((await database.$count(product)) === 0) await database.insert(product).values([...seed])
  } finally {
    // Ends the session, and with it the lock.
    connection.release(true)
  }
}
