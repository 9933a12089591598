import assert from 'node:assert/strict'
import { Pool } from 'pg'
import { describe, it } from 'vitest'
import { Database } from '../../../adapters/pg-boss/database'
import { atEnd } from '../../runtime/support/runtimes'
import { isServed, postgresUrl } from '../../support/services'

const table = `deadlock_${process.pid}`
const isThere = await isServed(postgresUrl)

describe.skipIf(!isThere)('a statement of pg-boss that PostgreSQL ends to untie a deadlock', () => {
  it('is made again', async () => {
    const pool = new Pool({ connectionString: postgresUrl, max: 2 })
    atEnd(() => pool.end())
    await pool.query(`CREATE TABLE ${table} (id int PRIMARY KEY, times int NOT NULL DEFAULT 0)`)
    atEnd(async () => {
      await pool.query(`DROP TABLE ${table}`)
    })
    await pool.query(`INSERT INTO ${table} VALUES (1), (2)`)
    const other = await pool.connect()
    // Whose time is up first is ended: the database's.
    await other.query("SET deadlock_timeout = '20s'")
    await other.query('BEGIN')
    await other.query(`UPDATE ${table} SET times = 10 WHERE id = 1`)
    const database = new Database({ connectionString: postgresUrl, max: 1 })
    atEnd(() => database.close())

    const made = database.executeSql(
      `DO $$ BEGIN
        UPDATE ${table} SET times = times + 1 WHERE id = 2;
        UPDATE ${table} SET times = times + 1 WHERE id = 1;
      END $$`,
      [],
    )
    await waits(pool)
    await other.query(`UPDATE ${table} SET times = 10 WHERE id = 2`)
    await other.query('COMMIT')
    other.release(true)
    await made

    const { rows } = await pool.query(`SELECT times FROM ${table} ORDER BY id`)
    assert.deepEqual(rows, [{ times: 11 }, { times: 11 }])
  })
})

async function waits(pool: Pool): Promise<void> {
  const asked = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE ${table}%'`
  while ((await pool.query(asked)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10))
}
