import assert from 'node:assert/strict'
import createKnex, { type Knex } from 'knex'
import { describe, it } from 'vitest'
import { wrapKnex } from '../../../adapters/transactions'
import { makeRage } from '../../runtime/support/runtimes'
import { connection, table, testTransactions } from './support/conformance'

const open = () => createKnex({ client: 'pg', connection, pool: { min: 0, max: 5 } })

testTransactions('Knex', async (rage) => {
  const db = wrapKnex(rage, open())
  return {
    transaction: (work) => db.transaction((trx) => work(trx as never)),
    nested: (trx: Knex.Transaction, work) => trx.transaction((inner) => work(inner as never)),
    insert: (trx: Knex.Transaction, name) => trx(table).insert({ name }),
    close: () => db.destroy(),
  }
})

describe('transactions: a wrapped Knex', () => {
  it('is a Knex in every other way, and leaves the one it was made from alone', async () => {
    const { rage } = makeRage()
    const knex = open()
    const db = wrapKnex(rage, knex)

    assert.deepEqual((await db.raw('SELECT 1 AS one')).rows, [{ one: 1 }])
    assert.equal((await db.select(db.raw('2 AS two')).first()).two, 2)
    const trx = await db.transaction()
    assert.ok(!trx.isCompleted())
    await trx.rollback()
    assert.notEqual(db.transaction, knex.transaction)
    await db.destroy()
  })

  it('holds what runs in trx.savepoint, and in a function that commits by hand', async () => {
    const { rage } = makeRage()
    const db = wrapKnex(rage, open())
    const log: string[] = []
    const note = (name: string) => rage.afterCommit(() => void log.push(name))

    await db.transaction(async (trx) => {
      await trx.savepoint(async () => note('savepoint'))
    })
    await db.transaction((trx) => {
      void note('by hand').then(() => trx.commit('value'))
    })
    await assert.rejects(
      db.transaction((trx) => {
        void note('given up').then(() => trx.rollback(new Error('no')))
      }),
      /no/,
    )

    assert.deepEqual(log, ['savepoint', 'by hand'])
    await db.destroy()
  })

  it('drops what it held when the work rolls back and the promise resolves all the same', async () => {
    const { rage } = makeRage()
    const db = wrapKnex(rage, open())
    const log: string[] = []
    const note = (name: string) => rage.afterCommit(() => void log.push(name))

    await db.transaction(async (trx) => {
      await note('by default')
      await trx.rollback()
    })
    await db.transaction(
      async (trx) => {
        await note('never rejecting')
        await trx.rollback()
      },
      { doNotRejectOnRollback: true },
    )
    await db.transaction((trx) => {
      void note('without a promise').then(() => trx.rollback())
    })
    await db.transaction(async (trx) => {
      await note('outer')
      await trx.transaction(async (inner) => {
        await note('inner')
        await inner.rollback()
      })
      await note('outer, later')
    })
    await db
      .transaction(async (trx) => {
        await note('around')
        await trx.transaction(async (inner) => {
          await inner.parentTransaction!.rollback()
        })
      })
      .catch(() => undefined)

    assert.deepEqual(log, ['outer', 'outer, later'])
    await db.destroy()
  })

  it('keeps what it held when a rollback comes after the commit', async () => {
    const { rage } = makeRage()
    const db = wrapKnex(rage, open())
    const log: string[] = []

    await db.transaction(async (trx) => {
      await rage.afterCommit(() => void log.push('kept'))
      await trx.commit()
      await assert.rejects(async () => trx.rollback(), /already complete/)
    })

    assert.deepEqual(log, ['kept'])
    await db.destroy()
  })
})
