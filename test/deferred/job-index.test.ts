import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { JobIds } from '../../src/deferred/job-ids'
import { JobIndex } from '../../src/deferred/job-index'

const id = (number: number, prefix = 'p:'): string => prefix + String(number).padStart(9, '0')

describe('deferred: where the job of an id lies in the log', () => {
  it('is known exactly while jobs lie side by side, whatever their number', () => {
    const index = new JobIndex()
    for (let number = 1; number <= 100_000; number++) index.add(id(number), number + 7)

    assert.deepEqual(index.find(id(1)), [8])
    assert.deepEqual(index.find(id(77_777)), [77_784])
    assert.deepEqual(index.find(id(100_001)), [])
    assert.deepEqual(index.find(id(5, 'q:')), [])
  })

  it('needs no look at the id of the job that got one last', () => {
    const ids = new JobIds(0)
    const index = new JobIndex()
    const first = ids.next()
    index.addOwn(ids, first, 1)
    const second = ids.next()
    const third = ids.next()
    index.addOwn(ids, third, 2)
    index.addOwn(ids, second, 3)

    assert.ok(index.find(first).includes(1))
    assert.ok(index.find(second).includes(3))
    assert.ok(index.find(third).includes(2))
  })

  it('is among a few hundred places where other entries came in between', () => {
    const index = new JobIndex()
    const places = new Map<number, number>()
    let sequence = 0
    for (let number = 1; number <= 5_000; number++) {
      sequence += 1 + (number % 3)
      places.set(number, sequence)
      index.add(id(number), sequence)
    }

    for (const [number, at] of places) {
      const found = index.find(id(number))
      assert.ok(found.includes(at), `job ${number}`)
      assert.ok(found.length <= 256)
    }
  })

  it('is found when numbers were given and not used', () => {
    const index = new JobIndex()
    for (let number = 2; number <= 2_000; number += 2) index.add(id(number), number / 2)

    for (let number = 2; number <= 2_000; number += 2) assert.ok(index.find(id(number)).includes(number / 2))
  })

  it('is found for a job that came late, and for those around it', () => {
    const index = new JobIndex()
    for (const number of [1, 2, 4, 5]) index.add(id(number), number < 3 ? number : number - 1)
    index.add(id(3), 5)

    for (const [number, at] of [
      [1, 1],
      [2, 2],
      [3, 5],
      [4, 3],
      [5, 4],
    ] as const)
      assert.ok(index.find(id(number)).includes(at), `job ${number}`)
  })

  it('is found for jobs of several processes, also where their logs were mixed', () => {
    const index = new JobIndex()
    for (let number = 1; number <= 300; number++) {
      index.add(id(number, 'a:'), 2 * number)
      index.add(id(number * 3, 'b:'), 2 * number + 1)
    }

    assert.ok(index.find(id(150, 'a:')).includes(300))
    assert.ok(index.find(id(450, 'b:')).includes(301))
  })

  it('is nowhere for what is no id', () => {
    const index = new JobIndex()
    index.add(id(1), 1)
    index.add('not an id', 2)

    for (const text of [
      '',
      ':',
      'p:',
      'p:x',
      'p:-1',
      'p:1e3',
      'p:000000001:',
      '__proto__',
      'p:99999999999999999999',
    ])
      assert.deepEqual(index.find(text), [], text)
  })

  it('takes a few bytes for a hundred jobs, however often something comes in between', () => {
    const before = process.memoryUsage().heapUsed
    const index = new JobIndex()
    for (let number = 1; number <= 1_000_000; number++) index.add(id(number), number * 2 + (number % 2))
    const bytes = process.memoryUsage().heapUsed - before

    assert.ok(index.find(id(999_999)).length > 0)
    assert.ok(bytes < 16_000_000, `${bytes} bytes`)
  })
})
