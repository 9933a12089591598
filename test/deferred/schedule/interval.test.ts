import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { InvalidScheduleError } from '../../../src/deferred'
import { intervalTimes } from '../../../src/deferred/schedule/interval'

describe('deferred: the times of an interval', () => {
  it('are whole multiples of it, the same in every process', () => {
    const times = intervalTimes('15m')
    const noon = Date.parse('2026-06-01T12:00:00Z')

    assert.equal(times.next(noon), noon + 900_000)
    assert.equal(times.next(noon + 1), noon + 900_000)
    assert.equal(times.latest(noon), noon)
    assert.equal(times.latest(noon - 1), noon - 900_000)
  })

  it('are refused when they mean nothing', () => {
    for (const text of ['5', '5 m', '0s', '-1h', '1.5h', '366d', '5min', ''])
      assert.throws(() => intervalTimes(text), InvalidScheduleError, text)
  })
})
