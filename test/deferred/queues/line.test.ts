import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Line } from '../../../src/deferred/queues/line'
import { makeJob } from '../support/make-job'

const line = () => new Line(null as never, null as never)

function drained(from: Line): string[] {
  const ids: string[] = []
  for (let job = from.take(); job !== null; job = from.take()) ids.push(job.id)
  return ids
}

describe('deferred: the waiting jobs of one task in one queue', () => {
  it('come by priority, the smallest first, and in order within one', () => {
    const waiting = line()
    const priorities = [0, 5, -3, 5, 0, -3, 1_000, 0]
    for (const [order, priority] of priorities.entries())
      waiting.push(makeJob(`${priority} ${order}`, { priority, order }))

    assert.deepEqual(drained(waiting), ['-3 2', '-3 5', '0 0', '0 4', '0 7', '5 1', '5 3', '1000 6'])
  })

  it('are counted, and the first of them is known beforehand', () => {
    const waiting = line()
    waiting.push(makeJob('a', { priority: 2, order: 7 }))
    waiting.push(makeJob('b', { priority: 1, order: 8 }))
    assert.deepEqual([waiting.size, waiting.priority, waiting.order], [2, 1, 8])

    waiting.take()

    assert.deepEqual([waiting.size, waiting.priority, waiting.order], [1, 2, 7])
  })

  it('that were given back have the places they had, in whatever order they come back', () => {
    const waiting = line()
    const jobs = Array.from({ length: 6 }, (_, order) => makeJob(String(order), { order }))
    for (const job of jobs) waiting.push(job)
    const taken = [waiting.take()!, waiting.take()!, waiting.take()!]

    for (const index of [1, 0, 2]) waiting.giveBack(taken[index]!)
    waiting.push(makeJob('6', { order: 6 }))

    assert.deepEqual(drained(waiting), ['0', '1', '2', '3', '4', '5', '6'])
  })

  it('keep to their priorities when one is given back', () => {
    const waiting = line()
    waiting.push(makeJob('late', { priority: 5, order: 1 }))
    const taken = waiting.take()!
    waiting.push(makeJob('urgent', { priority: 1, order: 2 }))
    waiting.push(makeJob('later', { priority: 5, order: 3 }))

    waiting.giveBack(taken)

    assert.deepEqual(drained(waiting), ['urgent', 'late', 'later'])
  })

  it('agree with a sort, whatever comes and goes', () => {
    const waiting = line()
    const expected: { id: string; priority: number; order: number }[] = []
    const taken: string[] = []
    const sorted: string[] = []
    for (let order = 0; order < 2_000; order++) {
      const priority = (order * 7_919) % 13
      waiting.push(makeJob(String(order), { priority, order }))
      expected.push({ id: String(order), priority, order })
      if (order % 3 !== 0) continue
      taken.push(waiting.take()!.id)
      expected.sort((a, b) => a.priority - b.priority || a.order - b.order)
      sorted.push(expected.shift()!.id)
    }

    assert.deepEqual(taken, sorted)
  })
})
