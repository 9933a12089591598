import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { wrap } from '../../../adapters/transactions/wrapping'
import { eventually, makeRage } from '../../runtime/support/runtimes'

const shape = { methods: ['transaction'], clients: [] }

describe('transactions: a client without promises', () => {
  const client = {
    transaction<T>(work: (handle: object) => T): T {
      return work({})
    },
  }

  it('answers at once, and what it held happens at once', () => {
    const { rage } = makeRage()
    const log: string[] = []

    const answer = wrap(rage, client, shape).transaction(() => {
      void rage.afterCommit(() => void log.push('after'))
      assert.deepEqual(log, [])
      return 7
    })

    assert.deepEqual([answer, log], [7, ['after']])
  })

  it('drops what it held when it throws', () => {
    const { rage } = makeRage()
    const log: string[] = []

    assert.throws(
      () =>
        wrap(rage, client, shape).transaction(() => {
          void rage.afterCommit(() => void log.push('after'))
          throw new Error('no')
        }),
      /no/,
    )
    assert.deepEqual(log, [])
  })

  it('reports what fails after its commit, for which nobody waits', async () => {
    const { rage } = makeRage()
    const reported: unknown[] = []
    rage.errors.register((error) => void reported.push(error))

    wrap(rage, client, shape).transaction(() => {
      void rage.afterCommit(() => Promise.reject(new Error('no printer')))
    })

    await eventually(() => reported.length === 1, 'the report')
    assert.equal((reported[0] as { code: string }).code, 'RAGE_CONTEXT_AFTER_COMMIT')
  })
})
