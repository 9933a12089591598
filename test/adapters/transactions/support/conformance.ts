/**
 * What every wrapped client must do, against a real PostgreSQL: the row and the effects of a transaction exist
 * together or not at all.
 */
import assert from 'node:assert/strict'
import pg from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Effectful } from '../../../../adapters/transactions'
import { Subscriber, Task } from '../../../../src'
import { eventually, makeRage } from '../../../runtime/support/runtimes'

/** A client as the suite uses it; `handle` is what the client hands to the work of a transaction. */
export interface TestedClient {
  transaction<T>(work: (handle: never) => Promise<T>): Promise<T>
  /** `null`: this client has no transactions in transactions. */
  readonly nested: (<T>(handle: never, work: (handle: never) => Promise<T>) => Promise<T>) | null
  insert(handle: never, name: string): Promise<unknown>
  close(): Promise<unknown>
}

export const connection = { host: '127.0.0.1', port: 5432, user: 'postgres', database: 'test' }

/** One table per test file and process. */
export const table = `rage_transactions_${process.pid}`

export function testTransactions(name: string, open: (rage: Effectful) => Promise<TestedClient>): void {
  const admin = new pg.Pool(connection)

  beforeAll(async () => {
    await admin.query(`DROP TABLE IF EXISTS ${table}; CREATE TABLE ${table} (name text PRIMARY KEY)`)
  })

  afterAll(async () => {
    await admin.query(`DROP TABLE IF EXISTS ${table}`)
    await admin.end()
  })

  async function rows(): Promise<string[]> {
    const { rows } = await admin.query(`SELECT name FROM ${table} ORDER BY name`)
    return rows.map((row) => row.name)
  }

  /** A booted runtime with a task and an event that write down what reached them. */
  async function start() {
    const done: string[] = []
    class Ship extends Task<string> {
      perform(order: string) {
        done.push(`job ${order}`)
      }
    }
    class Placed {
      readonly order: string
      constructor(order: string) {
        this.order = order
      }
    }
    class OnPlaced extends Subscriber<Placed> {
      static override on = [Placed]
      call({ order }: Placed) {
        done.push(`event ${order}`)
      }
    }
    const { rage } = makeRage()
    rage.register(Ship, OnPlaced)
    await rage.boot()
    await admin.query(`TRUNCATE ${table}`)
    const client = await open(rage)
    const cause = async (order: string) => {
      const { id } = await Ship.enqueue(order)
      await rage.events.publish(new Placed(order))
      await rage.afterCommit(() => void done.push(`callback ${order}`))
      return id
    }
    return { rage, client, done, cause }
  }

  async function settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 60))
  }

  describe(`transactions: ${name}`, () => {
    it('holds jobs, events and callbacks until the database has committed', async () => {
      const { client, done, cause } = await start()

      const id = await client.transaction(async (handle) => {
        const id = await cause('a')
        await client.insert(handle, 'a')
        await settled()
        assert.deepEqual(done, [])
        assert.deepEqual(await rows(), [])
        return id
      })

      assert.match(id, /:/)
      assert.deepEqual(await rows(), ['a'])
      await eventually(() => done.length === 3, 'the effects')
      assert.deepEqual([...done].sort(), ['callback a', 'event a', 'job a'])
      await client.close()
    })

    it('drops them when the work throws, with what it threw', async () => {
      const { client, done, cause } = await start()
      const fault = new Error('no stock')

      await assert.rejects(
        client.transaction(async (handle) => {
          await client.insert(handle, 'a')
          await cause('a')
          throw fault
        }),
        (error) => error === fault,
      )

      await settled()
      assert.deepEqual([await rows(), done], [[], []])
      await client.close()
    })

    it('drops them when the database refuses a statement', async () => {
      const { client, done, cause } = await start()

      await assert.rejects(
        client.transaction(async (handle) => {
          await cause('a')
          await client.insert(handle, 'a')
          await client.insert(handle, 'a')
        }),
      )

      await settled()
      assert.deepEqual([await rows(), done], [[], []])
      await client.close()
    })

    it('leaves transactions side by side alone', async () => {
      const { client, done, cause } = await start()
      const place = (order: string, fails: boolean) =>
        client.transaction(async (handle) => {
          await client.insert(handle, order)
          await cause(order)
          await settled()
          if (fails) throw new Error(order)
        })

      const outcomes = await Promise.allSettled([place('a', false), place('b', true), place('c', false)])
      await cause('outside')

      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      assert.deepEqual(await rows(), ['a', 'c'])
      await eventually(() => done.length === 9, 'the effects')
      assert.deepEqual(done.filter((line) => line.startsWith('job')).sort(), [
        'job a',
        'job c',
        'job outside',
      ])
      await client.close()
    })

    it('drops, in a transaction inside, only what was caused inside', async (context) => {
      const { client, done, cause } = await start()
      const { nested } = client
      if (nested === null) {
        await client.close()
        return context.skip(`${name} has no transactions in transactions`)
      }

      await client.transaction(async (outer) => {
        await client.insert(outer, 'outer')
        await cause('outer')
        await nested(outer, async (inner) => {
          await client.insert(inner, 'kept')
          await cause('kept')
        })
        await assert.rejects(
          nested(outer, async (inner) => {
            await client.insert(inner, 'dropped')
            await cause('dropped')
            throw new Error('inner')
          }),
          /inner/,
        )
        await settled()
        assert.deepEqual(done, [])
      })

      assert.deepEqual(await rows(), ['kept', 'outer'])
      await eventually(() => done.length === 6, 'the effects')
      assert.deepEqual(done.filter((line) => line.startsWith('job')).sort(), ['job kept', 'job outer'])
      await client.close()
    })
  })
}
