/** Drizzle: `db.transaction(work)` and, for savepoints, `tx.transaction(work)`. */
import { type Effectful, wrap } from './wrapping'

const shape = { methods: ['transaction'], clients: [] }

/**
 * A Drizzle database whose `transaction(work)` holds effects until its commit:
 *
 *     const db = wrapDrizzle(rage, drizzle(pool))
 *
 * @returns a proxy; the database given is untouched. With a driver without promises (better-sqlite3) what fails after the
 * commit is reported, because nobody waits for it.
 */
export function wrapDrizzle<Database extends object>(rage: Effectful, db: Database): Database {
  return wrap(rage, db, shape)
}
