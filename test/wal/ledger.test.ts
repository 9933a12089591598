import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { locationOf, offsetOf, role, segmentOf } from '../../src/wal/format'
import { Ledger } from '../../src/wal/ledger'

describe('wal: the ledger', () => {
  it('agrees with a plain map, whatever is added, noted and settled', () => {
    const step = fc.record({
      kind: fc.constantFrom(role.add, role.add, role.note, role.settle),
      sequence: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2 ** 40, max: 2 ** 40 + 40 })),
      segment: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const ledger = new Ledger()
        const plain = new Map<number, { added: number; note: number }>()
        for (const [i, { kind, sequence, segment }] of steps.entries()) {
          const at = locationOf(segment, 64 + 8 * i)
          ledger.apply(kind, sequence, at, 8)
          const entry = plain.get(sequence)
          if (kind === role.add) plain.set(sequence, { added: at, note: entry?.note ?? 0 })
          else if (kind === role.settle) plain.delete(sequence)
          else if (entry !== undefined) entry.note = at
        }

        const locations = [...plain.values()].flatMap(({ added, note }) =>
          note === 0 ? [added] : [added, note],
        )
        assert.deepEqual(
          [...ledger.sequences()],
          [...plain.keys()].sort((a, b) => a - b),
        )
        assert.equal(ledger.size, plain.size)
        assert.equal(ledger.bytes, locations.length * 8)
        for (const [sequence, { added, note }] of plain) {
          assert.deepEqual([ledger.addedAt(sequence), ledger.notedAt(sequence)], [added, note])
        }
        for (const segment of [1, 2, 3, 4]) {
          assert.equal(ledger.neededIn(segment), locations.filter((at) => segmentOf(at) === segment).length)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('holds 200,000 entries that leave in another order than they came', () => {
    const ledger = new Ledger()
    for (let sequence = 1; sequence <= 200_000; sequence++) {
      ledger.apply(role.add, sequence, locationOf(1, 64), 200)
    }
    for (let sequence = 200_000; sequence > 0; sequence -= 2) ledger.remove(sequence)

    assert.equal(ledger.size, 100_000)
    assert.equal(ledger.bytes, 100_000 * 200)
    assert.equal(ledger.addedAt(77_777), locationOf(1, 64))
    assert.equal(ledger.addedAt(77_778), 0)
  })

  it('gives up the entries and notes of a segment that cannot be read', () => {
    const ledger = new Ledger()
    ledger.apply(role.add, 1, locationOf(1, 64), 48)
    ledger.apply(role.add, 2, locationOf(2, 64), 48)
    ledger.apply(role.note, 2, locationOf(1, 112), 48)
    ledger.apply(role.add, 3, locationOf(2, 112), 48)

    assert.equal(ledger.giveUp(1), 2)

    assert.deepEqual([...ledger.sequences()], [2, 3])
    assert.equal(ledger.notedAt(2), 0)
    assert.equal(ledger.neededIn(1), 0)
  })

  it('keeps segment and offset of a location apart up to the largest of both', () => {
    const location = locationOf(2 ** 25 - 1, 2 ** 31 - 8)

    assert.equal(segmentOf(location), 2 ** 25 - 1)
    assert.equal(offsetOf(location), 2 ** 31 - 8)
  })
})
