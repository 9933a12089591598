import assert from 'node:assert/strict'
import { sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { describe, it } from 'vitest'
import { wrapDrizzle } from '../../../adapters/transactions'
import { makeRage } from '../../runtime/support/runtimes'
import { connection, table, testTransactions } from './support/conformance'

testTransactions('Drizzle', async (rage) => {
  const pool = new pg.Pool(connection)
  const db = wrapDrizzle(rage, drizzle(pool))
  return {
    transaction: (work) => db.transaction((tx) => work(tx as never)),
    nested: (tx: NodePgDatabase, work) => tx.transaction((inner) => work(inner as never)),
    insert: (tx: NodePgDatabase, name) =>
      tx.execute(sql`INSERT INTO ${sql.identifier(table)} (name) VALUES (${name})`),
    close: () => pool.end(),
  }
})

describe('transactions: a wrapped Drizzle', () => {
  it('drops what it held after tx.rollback()', async () => {
    const { rage } = makeRage()
    const pool = new pg.Pool(connection)
    const db = wrapDrizzle(rage, drizzle(pool))
    const log: string[] = []

    await assert.rejects(
      db.transaction(async (tx) => {
        await rage.afterCommit(() => void log.push('never'))
        tx.rollback()
      }),
    )

    assert.deepEqual(log, [])
    assert.equal((await db.execute(sql`SELECT 1 AS one`)).rows[0]!.one, 1)
    await pool.end()
  })
})
