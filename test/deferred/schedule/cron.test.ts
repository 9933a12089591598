import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { InvalidScheduleError } from '../../../src/deferred'
import { cronTimes } from '../../../src/deferred/schedule/cron'

/** The next times after `from`, in UTC. */
function next(expression: string, timeZone: string, from: string, count: number): string[] {
  const times = cronTimes(expression, timeZone, Date.parse(from))
  const found: string[] = []
  for (let time = Date.parse(from); found.length < count; ) {
    time = times.next(time)!
    found.push(new Date(time).toISOString())
  }
  return found
}

function refusal(expression: string, timeZone: string | null = null): string {
  try {
    cronTimes(expression, timeZone, 0)
  } catch (error) {
    assert.ok(error instanceof InvalidScheduleError)
    return error.message
  }
  return 'accepted'
}

describe('deferred: the times of a cron expression', () => {
  it('are those of its time zone', () => {
    assert.deepEqual(next('0 3 * * *', 'Asia/Tokyo', '2026-06-01T00:00:00Z', 2), [
      '2026-06-01T18:00:00.000Z',
      '2026-06-02T18:00:00.000Z',
    ])
  })

  it('may have seconds, which come first', () => {
    assert.deepEqual(next('*/20 * * * * *', 'UTC', '2026-06-01T00:00:05Z', 3), [
      '2026-06-01T00:00:20.000Z',
      '2026-06-01T00:00:40.000Z',
      '2026-06-01T00:01:00.000Z',
    ])
  })

  it('when clocks go forward: a fixed time in the gap comes once, at its end', () => {
    assert.deepEqual(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2), [
      '2026-03-29T01:00:00.000Z', // 03:00 of that day: 02:30 does not exist
      '2026-03-30T00:30:00.000Z',
    ])
  })

  it('when clocks go back: a fixed time that comes twice counts the first time', () => {
    assert.deepEqual(next('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2), [
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })

  it('at both changes: lists and ranges are fixed times, too', () => {
    assert.deepEqual(next('0,30 2,14 * * *', 'Europe/Berlin', '2026-03-28T14:00:00Z', 3), [
      '2026-03-29T01:00:00.000Z', // 02:00 and 02:30 do not exist
      '2026-03-29T12:00:00.000Z',
      '2026-03-29T12:30:00.000Z',
    ])
    assert.deepEqual(next('0 1-3 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 4), [
      '2026-10-24T23:00:00.000Z',
      '2026-10-25T00:00:00.000Z', // 02:00, summer
      '2026-10-25T02:00:00.000Z',
      '2026-10-26T00:00:00.000Z',
    ])
  })

  it('at both changes: what repeats goes by the time that passes', () => {
    assert.deepEqual(next('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 3), [
      '2026-10-25T00:00:00.000Z', // 02:00, summer
      '2026-10-25T01:00:00.000Z', // 02:00, winter
      '2026-10-25T02:00:00.000Z',
    ])
    assert.deepEqual(next('0 * * * *', 'Europe/Berlin', '2026-03-29T00:30:00Z', 2), [
      '2026-03-29T01:00:00.000Z', // 03:00 follows 01:59
      '2026-03-29T02:00:00.000Z',
    ])
  })

  it('answer the latest one up to a moment, that moment included', () => {
    const times = cronTimes('0 3 * * *', 'UTC', 0)
    const three = Date.parse('2026-06-01T03:00:00Z')

    assert.equal(times.latest(three), three)
    assert.equal(times.latest(three + 500), three)
    assert.equal(times.latest(three - 1), three - 86_400_000)
    const twice = cronTimes('0 2,14 * * *', 'Europe/Berlin', 0)
    const repeated = Date.parse('2026-10-25T01:00:00Z') // 02:00, winter
    assert.equal(twice.latest(repeated), repeated - 3_600_000)
  })

  it('are refused when they mean nothing, with what is wrong', () => {
    assert.match(
      refusal('61 * * * *'),
      /RAGE_DEFERRED_INVALID_SCHEDULE: "61 \* \* \* \*" is no schedule: .*minute/,
    )
    assert.match(refusal('every day'), /is no schedule/)
    assert.match(refusal('0 3 * *'), /is no schedule/)
    assert.match(refusal('0 0 31 2 *', 'UTC'), /it never fires/)
    assert.match(refusal('0 3 * * *', 'Europe/Brelin'), /its time zone "Europe\/Brelin" is not known/)
  })
})
