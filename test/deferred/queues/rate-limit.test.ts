import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { isRateLimitOrNull, Starts } from '../../../src/deferred/queues/rate-limit'

describe('deferred: a rate limit', () => {
  it('lets no more than max begin in any stretch of per seconds', () => {
    const starts = new Starts({ max: 3, per: 1 })
    const begun: number[] = []
    for (let now = 0; now < 5_000; now += 10) {
      // Bursts at odd times.
      if (now % 70 > 40) continue
      while (starts.opensAt <= now) {
        starts.promise()
        starts.begin(now)
        begun.push(now)
      }
    }

    const most = Math.max(
      ...begun.map((at) => begun.filter((other) => other > at - 1_000 && other <= at).length),
    )
    assert.equal(most, 3)
    assert.deepEqual(begun.slice(0, 7), [0, 0, 0, 1_000, 1_000, 1_000, 2_000])
  })

  it('counts those that were promised a start and have not begun, however long that takes', () => {
    const starts = new Starts({ max: 2, per: 1 })
    starts.promise()
    starts.promise()
    assert.equal(starts.opensAt, Number.POSITIVE_INFINITY)

    starts.begin(700)
    assert.equal(starts.opensAt, 1_700)
    starts.promise()
    assert.equal(starts.opensAt, Number.POSITIVE_INFINITY)
    starts.begin(1_900)
    starts.begin(2_000)

    assert.equal(starts.opensAt, 2_900)
  })

  it('gives a start back that was promised and is not needed', () => {
    const starts = new Starts({ max: 1, per: 60 })
    starts.promise()

    starts.forgo()

    assert.equal(starts.opensAt, Number.NEGATIVE_INFINITY)
  })

  const refused = [
    { max: 0, per: 1 },
    { max: 1.5, per: 1 },
    { max: 100_001, per: 1 },
    { max: 1, per: 0 },
    { max: 1, per: 86_401 },
    { max: 1, per: Number.NaN },
    { max: 1 },
    { max: 1, per: 1, pre: 1 },
    '10/s',
    undefined,
  ]
  for (const value of refused) {
    it(`cannot be ${JSON.stringify(value)}`, () => assert.equal(isRateLimitOrNull(value), false))
  }
})
