/**
 * NOT THE REAL PRISMA: its client is generated and needs engines that tests do not download. What stands here in its place
 * has the form of its public `$transaction` and runs on pg; the wrapper uses nothing else of it.
 */
import assert from 'node:assert/strict'
import pg from 'pg'
import { describe, it } from 'vitest'
import { wrapPrisma } from '../../../adapters/transactions'
import { makeRage } from '../../runtime/support/runtimes'
import { connection, table, testTransactions } from './support/conformance'

/** `prisma.$transaction(async (tx) => ..., options)` and `prisma.$transaction([query, query])`. */
class PrismaStandIn {
  readonly #pool = new pg.Pool(connection)

  async $transaction<T>(
    work: ((tx: pg.PoolClient) => Promise<T>) | readonly Promise<T>[],
    _options?: { readonly timeout?: number },
  ): Promise<T | T[]> {
    if (typeof work !== 'function') return Promise.all(work)
    const client = await this.#pool.connect()
    try {
      await client.query('BEGIN')
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  }

  readonly $disconnect = () => this.#pool.end()
}

testTransactions('Prisma (a stand-in, NOT the real client)', async (rage) => {
  const prisma = wrapPrisma(rage, new PrismaStandIn())
  return {
    transaction: async (work) => (await prisma.$transaction((tx) => work(tx as never))) as never,
    nested: null,
    insert: (tx: pg.PoolClient, name) => tx.query(`INSERT INTO ${table} VALUES ($1)`, [name]),
    close: () => prisma.$disconnect(),
  }
})

describe('transactions: a wrapped Prisma (a stand-in, NOT the real client)', () => {
  it('passes lists of queries and options as they are', async () => {
    const { rage } = makeRage()
    const prisma = wrapPrisma(rage, new PrismaStandIn())

    assert.deepEqual(await prisma.$transaction([Promise.resolve(1), Promise.resolve(2)]), [1, 2])
    assert.equal(await prisma.$transaction(async () => 'done', { timeout: 5_000 }), 'done')
    await prisma.$disconnect()
  })
})
