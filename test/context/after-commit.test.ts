import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { afterCommit, Transaction } from '../../src/context'
import { Scope } from '../../src/kernel'

describe('context: work after the commit', () => {
  it('runs at once where there is no transaction, and is waited for', async () => {
    let hasEnded = false

    await afterCommit(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      hasEnded = true
    })

    assert.ok(hasEnded)
    await assert.rejects(
      afterCommit(() => {
        throw new Error('no printer')
      }),
      /no printer/,
    )
  })

  it('waits for the commit inside of one, which waits for its end', async () => {
    const log: string[] = []
    const unit = new Transaction(new Scope('test'))

    await unit.run(async () => {
      await afterCommit(async () => {
        await new Promise((resolve) => setImmediate(resolve))
        log.push('after')
      })
      log.push('inside')
    })
    await unit.commit()

    assert.deepEqual(log, ['inside', 'after'])
  })
})
