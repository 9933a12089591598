import assert from 'node:assert/strict'
import { Pool } from 'pg'
import { describe, it } from 'vitest'
import { pgBoss } from '../../../adapters/pg-boss'
import { createRage, type Rage, Task } from '../../../src'
import { queueName, schema, testEngines } from '../../deferred/support/engines'
import { atEnd, temporaryFolder } from '../../runtime/support/runtimes'
import { postgresUrl } from '../../support/services'

class Receipt extends Task<{ orderId: string }> {
  static seen: string[] = []
  perform({ orderId }: { orderId: string }) {
    Receipt.seen.push(orderId)
  }
}

const engine = testEngines.find(({ name }) => name === 'pg-boss')!

async function boot(connection: object): Promise<{ rage: Rage; pool: Pool }> {
  const queue = queueName()
  const pool = new Pool({ connectionString: postgresUrl, max: 3 })
  const rage = createRage({
    storage: temporaryFolder(),
    signals: false,
    logger: { level: 'silent' },
    deferred: { engine: pgBoss({ connection, schema, queue, pollMs: 100 }) },
  })
  rage.register(Receipt)
  Receipt.seen = []
  atEnd(() => pool.end())
  atEnd(() => engine.remove(queue))
  atEnd(() => rage.stop())
  await rage.boot()
  return { rage, pool }
}

async function until(isSo: () => unknown): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`it did not happen: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const severalPolls = 500

describe.skipIf(!engine.isThere)('pg-boss: an enqueue in a transaction of the application', () => {
  it('is there for the workers once the transaction has committed, and not before', async () => {
    const { rage, pool } = await boot({ connectionString: postgresUrl })
    const client = await pool.connect()
    await client.query('BEGIN')

    await Receipt.enqueue({ orderId: '1' }, { transaction: client })
    await Receipt.enqueueMany([{ orderId: '2' }, { orderId: '3' }], { transaction: client })
    await new Promise((resolve) => setTimeout(resolve, severalPolls))
    const before = [...Receipt.seen]
    const countedBefore = await rage.deferred.count()
    await client.query('COMMIT')
    client.release()
    await until(() => Receipt.seen.length === 3)

    assert.deepEqual(before, [])
    assert.equal(countedBefore.queued, 0)
    assert.deepEqual(Receipt.seen.sort(), ['1', '2', '3'])
  })

  it('never was, when the transaction is rolled back', async () => {
    const { rage, pool } = await boot({ connectionString: postgresUrl })
    const client = await pool.connect()
    await client.query('BEGIN')

    await Receipt.enqueue({ orderId: '1' }, { transaction: client })
    await client.query('ROLLBACK')
    client.release()
    await Receipt.enqueue({ orderId: '2' })
    await until(() => Receipt.seen.length > 0)
    await new Promise((resolve) => setTimeout(resolve, severalPolls))

    assert.deepEqual(Receipt.seen, ['2'])
    assert.equal((await rage.deferred.count()).queued, 0)
  })

  it('takes a client that answers rows alone, as those of TypeORM do', async () => {
    const { pool } = await boot({ connectionString: postgresUrl })
    const client = await pool.connect()
    const runner = {
      query: async (sql: string, values?: unknown[]) => (await client.query(sql, values)).rows as unknown[],
    }
    await runner.query('BEGIN')

    await Receipt.enqueue({ orderId: '1' }, { transaction: runner })
    await runner.query('COMMIT')
    client.release()
    await until(() => Receipt.seen.length === 1)

    assert.deepEqual(Receipt.seen, ['1'])
  })

  it('is refused for what is no client', async () => {
    await boot({ connectionString: postgresUrl })

    await assert.rejects(Receipt.enqueue({ orderId: '1' }, { transaction: {} }), {
      code: 'RAGE_KERNEL_INVALID_OPTION',
    })
  })
})

describe.skipIf(!engine.isThere)("pg-boss: on a pool of the application's", () => {
  it('runs jobs, and leaves the pool open when it stops', async () => {
    const own = new Pool({ connectionString: postgresUrl, max: 3 })
    atEnd(() => own.end())
    const { rage } = await boot(own)

    await Receipt.enqueue({ orderId: '1' })
    await until(() => Receipt.seen.length === 1)
    await rage.stop()

    assert.deepEqual((await own.query('SELECT 1 AS one')).rows, [{ one: 1 }])
  })
})

describe('pg-boss: a transaction', () => {
  it('is refused where jobs live in the log', async () => {
    const rage = createRage({ storage: temporaryFolder(), signals: false, logger: { level: 'silent' } })
    rage.register(Receipt)
    atEnd(() => rage.stop())
    await rage.boot()

    await assert.rejects(Receipt.enqueue({ orderId: '1' }, { transaction: {} }), {
      code: 'RAGE_DEFERRED_ENGINE_UNSUPPORTED',
    })
  })
})
