import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Waiting } from '../../src/deferred/waiting'

const timersThatKeepTheProcessAlive = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length

describe('deferred: waiting for a result', () => {
  it('keeps the process alive until the last one has it, or gives up', async () => {
    const waiting = new Waiting()
    const giveUp = new AbortController()
    const before = timersThatKeepTheProcessAlive()

    const first = waiting.for('job 1', undefined)
    const second = waiting.for('job 2', giveUp.signal)
    assert.equal(timersThatKeepTheProcessAlive(), before + 1)

    waiting.resolve('job 1', () => 'done')
    assert.equal(await first, 'done')
    assert.equal(timersThatKeepTheProcessAlive(), before + 1)

    giveUp.abort()
    await assert.rejects(second, { name: 'AbortError' })
    assert.equal(timersThatKeepTheProcessAlive(), before)
  })
})
