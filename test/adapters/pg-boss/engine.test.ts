import assert from 'node:assert/strict'
import { Pool } from 'pg'
import { describe, it } from 'vitest'
import { pgBoss } from '../../../adapters/pg-boss'
import { createRage, type Rage, Task } from '../../../src'
import type { DeadStoredJob, EngineWorld, Outcome, StoredJob } from '../../../src/deferred'
import { systemClock } from '../../../src/kernel'
import { createLoggers } from '../../../src/logger'
import { ErrorReports } from '../../../src/telemetry'
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

  it('is refused for what is no client, such as the pool', async () => {
    const { pool } = await boot({ connectionString: postgresUrl })

    for (const transaction of [{}, pool, Object.create(null)])
      await assert.rejects(Receipt.enqueue({ orderId: '1' }, { transaction }), {
        code: 'RAGE_KERNEL_INVALID_OPTION',
        message: /not the pool, got '(Object|BoundPool|an object)'\. /,
      })
  })

  it('says so when it is the transaction that has failed, and not the server', async () => {
    const { rage, pool } = await boot({ connectionString: postgresUrl })
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT 1/0').catch(() => undefined)

    await assert.rejects(Receipt.enqueue({ orderId: '1' }, { transaction: client }), {
      code: 'RAGE_DEFERRED_TRANSACTION_FAILED',
      message: /current transaction is aborted.*Roll the transaction back/,
    })
    assert.equal(rage.health().ok, true)
    client.release(true)
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

type Row = { state: string; data: StoredJob; lease: string }

/** The engine without a runtime, its rows, and what it runs. */
async function alone(run: EngineWorld['run'], connection: object | null = null) {
  const queue = queueName()
  const pool = new Pool({ connectionString: postgresUrl, max: 3 })
  const { logger } = createLoggers({ level: 'silent', format: 'json', destination: null })
  const errors = new ErrorReports(logger)
  const world = { clock: systemClock, logger, errors, concurrency: 2, deadLimit: 10, run }
  const kind = (takeOverMs: number) =>
    pgBoss({ connection: connection ?? pool, schema, queue, pollMs: 100, takeOverMs })
  const running = await kind(240_000).open(world, AbortSignal.timeout(5_000))
  atEnd(() => pool.end())
  atEnd(() => engine.remove(queue))
  atEnd(() => running.close())
  const rows = async (): Promise<Row[]> => {
    const sql = `SELECT state, data, EXTRACT(epoch FROM expire_in)::int::text AS lease FROM ${schema}.job WHERE name = $1`
    return (await pool.query(sql, [queue])).rows
  }
  return { running, kind, world, pool, queue, rows }
}

function stored(id: string): StoredJob {
  const texts = { task: 'Receipt', args: '', context: '{"id":"r"}' }
  return { v: 1, id, ...texts, runAt: 0, failures: 0, priority: 0 }
}

describe.skipIf(!engine.isThere)('pg-boss: a job that runs', () => {
  it('is held for the takeOverMs of its own process, whatever that of the one that enqueued it', async () => {
    let end = (): void => undefined
    const { running, kind, world, rows } = await alone(
      () => new Promise((resolve) => (end = () => resolve({ end: 'done' }))),
    )
    const other = await kind(2_000).open(world, AbortSignal.timeout(5_000))
    await other.add([stored('a:1')], null)
    await other.close()

    const before = (await rows())[0]!.lease
    running.serve()
    await until(async () => (await rows())[0]!.lease !== before)
    const [{ state, lease }] = (await rows()) as [Row]
    end()

    assert.deepEqual([before, state, lease], ['2', 'active', '240'])
  })

  it('is not begun once more by the process that runs it, when it was taken from that', async () => {
    const runs: ((outcome: Outcome) => void)[] = []
    const { running, pool, queue, rows } = await alone(() => new Promise((resolve) => runs.push(resolve)))
    running.serve()
    await running.add([stored('a:1')], null)
    await until(() => runs.length === 1)

    await pool.query(`UPDATE ${schema}.job SET state = 'retry' WHERE name = $1`, [queue])
    await until(async () => (await rows())[0]!.state === 'active')
    await new Promise((resolve) => setTimeout(resolve, severalPolls))
    runs[0]!({ end: 'done' })
    await until(async () => (await rows())[0]!.state === 'completed')

    assert.equal(runs.length, 1)
  })

  it('is begun again when it is back before its process knows that its end is stored', async () => {
    const pool = new Pool({ connectionString: postgresUrl, max: 4 })
    atEnd(() => pool.end())
    const slow = {
      query: (sql: string, values: unknown[]) => pool.query(sql, values),
      async connect() {
        const client = await pool.connect()
        return {
          async query(sql: string, values?: unknown[]) {
            const result = await client.query(sql, values)
            if (sql === 'COMMIT') await new Promise((resolve) => setTimeout(resolve, severalPolls))
            return result
          },
          release: (broken: boolean) => client.release(broken),
        }
      },
    }
    const failures: number[] = []
    const { running, rows } = await alone(async (_job, failed) => {
      failures.push(failed)
      const isFirst = failed === 0
      return isFirst ? { end: 'retry', runAt: systemClock.now(), error: new Error('no') } : { end: 'done' }
    }, slow)
    running.serve()

    await running.add([stored('a:1')], null)
    await until(async () => (await rows())[0]!.state === 'completed')

    assert.deepEqual(failures, [0, 1])
  })

  it('is dead all the same when PostgreSQL refuses the text of its error', async () => {
    const error = { name: 'Error', message: 'bad \0 byte', stack: null }
    const { running } = await alone(async () => {
      return { end: 'dead', death: { reason: 'unrecoverable', error }, error: new Error('x') }
    })
    running.serve()

    await running.add([stored('a:1')], null)
    await until(async () => (await running.counts()).dead === 1)

    const [{ death }] = (await running.dead(1)) as [DeadStoredJob]
    assert.equal(death!.reason, 'unrecoverable')
    assert.match(death!.error.message, /^PostgreSQL cannot store how it ended: unsupported Unicode/)
    assert.equal((await running.counts()).running, 0)
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
