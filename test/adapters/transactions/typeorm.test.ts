import 'reflect-metadata'
import assert from 'node:assert/strict'
import { DataSource, type EntityManager, EntitySchema } from 'typeorm'
import { describe, it } from 'vitest'
import { wrapTypeorm } from '../../../adapters/transactions'
import { makeRage } from '../../runtime/support/runtimes'
import { connection, table, testTransactions } from './support/conformance'

const Row = new EntitySchema<{ name: string }>({
  name: 'Row',
  tableName: table,
  columns: { name: { type: 'text', primary: true } },
})

function open(): DataSource {
  const { user: username, ...rest } = connection
  return new DataSource({ type: 'postgres', username, ...rest, entities: [Row] })
}

testTransactions('TypeORM', async (rage) => {
  const source = wrapTypeorm(rage, open())
  await source.initialize()
  return {
    transaction: (work) => source.transaction((manager) => work(manager as never)),
    nested: (manager: EntityManager, work) => manager.transaction((inner) => work(inner as never)),
    insert: (manager: EntityManager, name) => manager.getRepository(Row).insert({ name }),
    close: () => source.destroy(),
  }
})

describe('transactions: a wrapped TypeORM', () => {
  it('holds what runs in transactions of its manager and of its repositories, whatever their isolation', async () => {
    const { rage } = makeRage()
    const source = wrapTypeorm(rage, open())
    await source.initialize()
    const log: string[] = []
    const failing = (name: string) => async () => {
      await rage.afterCommit(() => void log.push(name))
      throw new Error(name)
    }

    await assert.rejects(source.transaction('SERIALIZABLE', failing('source')), /source/)
    await assert.rejects(source.manager.transaction(failing('manager')), /manager/)
    await assert.rejects(source.getRepository(Row).manager.transaction(failing('repository')), /repository/)
    await source.manager.transaction('REPEATABLE READ', () => rage.afterCommit(() => void log.push('kept')))

    assert.deepEqual(log, ['kept'])
    assert.ok(source instanceof DataSource)
    await source.destroy()
  })
})
