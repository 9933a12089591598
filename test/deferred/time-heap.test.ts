import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { TimeHeap } from '../../src/deferred/time-heap'

describe('deferred: a heap of times', () => {
  it('gives the earliest first, and of one time the lowest value', () => {
    const heap = new TimeHeap()
    const given = Array.from({ length: 5_000 }, (_, value) => ({ time: (value * 7_919) % 499, value }))
    for (const { time, value } of given) heap.push(time, value)

    const taken = given.map(() => ({ time: heap.firstTime, value: heap.take() }))

    assert.deepEqual(
      taken,
      [...given].sort((a, b) => a.time - b.time || a.value - b.value),
    )
  })

  it('is right after any mix of pushes and takes', () => {
    const heap = new TimeHeap()
    const model: [number, number][] = []
    for (let step = 0; step < 20_000; step++) {
      // More pushes than takes at first, then the other way round.
      if (model.length === 0 || (step * 31) % 100 < (step < 10_000 ? 70 : 30)) {
        const time = (step * 104_729) % 1_009
        heap.push(time, step)
        model.push([time, step])
      } else {
        model.sort((a, b) => a[0] - b[0] || a[1] - b[1])
        assert.equal(heap.take(), model.shift()![1])
      }
      assert.equal(heap.size, model.length)
    }
  })

  it('shows the earliest, and drops what is named, without giving any', () => {
    const heap = new TimeHeap()
    const given = Array.from({ length: 3_000 }, (_, value) => ({ time: (value * 7_919) % 499, value }))
    for (const { time, value } of given) heap.push(time, value)
    const inOrder = given.toSorted((a, b) => a.time - b.time || a.value - b.value)

    assert.deepEqual(heap.first(20), inOrder.slice(0, 20))
    assert.deepEqual(heap.first(9_999), inOrder)
    assert.equal(heap.some(7).length, 7)
    assert.equal(heap.size, 3_000)

    heap.drop((value) => value % 3 !== 0)
    const left = inOrder.filter(({ value }) => value % 3 === 0)
    assert.deepEqual(
      left.map(() => heap.take()),
      left.map(({ value }) => value),
    )
    assert.deepEqual([heap.size, heap.first(5), heap.some(5)], [0, [], []])
  })

  it('knows no time when it is empty, and has nothing to give', () => {
    const heap = new TimeHeap()

    assert.equal(heap.firstTime, Number.POSITIVE_INFINITY)
    assert.throws(() => heap.take(), RangeError)
  })
})
