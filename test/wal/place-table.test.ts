import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { locationOf } from '../../src/wal/format'
import { PlaceTable } from '../../src/wal/place-table'

/** Puts the sequence in, or changes what is there. */
function enter(table: PlaceTable, sequence: number, location: number, bytes: number): void {
  const slot = table.find(sequence)
  if (slot < 0) table.insert(sequence, location, bytes)
  else table.set(slot, location, bytes)
}

function drop(table: PlaceTable, sequence: number): void {
  const slot = table.find(sequence)
  if (slot >= 0) table.remove(slot)
}

function sequencesOf(table: PlaceTable): number[] {
  const sequences = new Float64Array(table.size)
  table.copySequences(sequences)
  return [...sequences]
}

describe('wal: a table of places', () => {
  it('agrees with a plain map, whatever runs of sequences come and go in', () => {
    const run = fc.record({
      puts: fc.boolean(),
      start: fc.oneof(fc.integer({ min: 1, max: 8_000 }), fc.constantFrom(2 ** 32, 2 ** 33 + 7, 2 ** 52)),
      length: fc.integer({ min: 1, max: 3_000 }),
      step: fc.constantFrom(-7, -1, 1, 1, 1, 2, 3, 1_000),
    })
    fc.assert(
      fc.property(fc.array(run, { maxLength: 14 }), (runs) => {
        const table = new PlaceTable()
        const plain = new Map<number, { location: number; bytes: number }>()
        let segment = 0
        for (const { puts, start, length, step } of runs) {
          segment += 1
          for (let count = 0; count < length; count++) {
            const sequence = start + count * step
            if (sequence < 1) break
            const place = { location: locationOf(segment * 99_991, 64 + 8 * count), bytes: 40 + 8 * count }
            if (puts) {
              enter(table, sequence, place.location, place.bytes)
              plain.set(sequence, place)
            } else {
              drop(table, sequence)
              plain.delete(sequence)
            }
          }
        }

        assert.equal(table.size, plain.size)
        assert.deepEqual(
          sequencesOf(table),
          [...plain.keys()].sort((a, b) => a - b),
        )
        for (const [sequence, place] of plain) {
          const slot = table.find(sequence)
          assert.deepEqual({ location: table.location(slot), bytes: table.bytes(slot) }, place)
          if (!plain.has(sequence + 1)) assert.equal(table.find(sequence + 1), -1)
        }
      }),
      { numRuns: 60 },
    )
  })

  for (const [name, order] of Object.entries({
    ascending: (n: number) => n,
    descending: (n: number) => 300_000 - n,
    shuffled: (n: number) => ((n * 7_919) % 300_007) + 1,
    'copied forward, older ones behind newer ones': (n: number) => ((n + 150_000) % 300_000) + 1,
  })) {
    it(`takes at most 34 bytes a record when they come ${name}, and gives memory back when most are gone`, () => {
      const table = new PlaceTable()
      const used = (): number => table.reservedBytes / table.size
      for (let n = 0; n < 300_000; n++) enter(table, order(n), locationOf(1, 64), 48)
      assert.equal(table.size, 300_000)
      assert.ok(used() <= 34, `${used()} bytes`)

      for (let n = 0; n < 300_000; n++) if (order(n) % 16 !== 0) drop(table, order(n))

      assert.ok(used() <= 48, `${used()} bytes`)
      assert.ok(sequencesOf(table).every((sequence) => sequence % 16 === 0))
      for (let n = 0; n < 300_000; n++) enter(table, order(n), locationOf(2, 64), 48)
      assert.equal(table.size, 300_000)
    })
  }
})
