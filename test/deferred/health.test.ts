import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { healthOfEngine, healthOfLog } from '../../src/deferred/health'

const accepting = { ok: true, code: null, reason: null }

describe('deferred: health', () => {
  it('is that of the log', () => {
    assert.deepEqual(healthOfLog(null, 0, 10), accepting)
    assert.deepEqual(healthOfLog({ state: 'ok', reason: null }, 9, 10), accepting)
    assert.deepEqual(healthOfLog({ state: 'full', reason: null }, 0, 10), {
      ok: false,
      code: 'log_full',
      reason: 'the log is full',
    })
    assert.equal(healthOfLog({ state: 'failed', reason: null }, 0, 10).code, 'log_failed')
  })

  it('counts the jobs that wait', () => {
    assert.deepEqual(healthOfLog({ state: 'ok', reason: null }, 10, 10), {
      ok: false,
      code: 'queue_full',
      reason: '10 jobs wait, as many as deferred.maxQueued allows',
    })
  })

  it('with an engine is whether that can be reached', () => {
    assert.deepEqual(healthOfEngine(null), accepting)
    assert.deepEqual(healthOfEngine('BullMQ cannot be reached: ECONNREFUSED'), {
      ok: false,
      code: 'engine_unreachable',
      reason: 'BullMQ cannot be reached: ECONNREFUSED',
    })
  })
})
