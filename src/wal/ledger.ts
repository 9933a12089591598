/**
 * Which entries are not settled, and where their records lie; bodies stay on disk. Also counts, per segment,
 * the records that are still needed, which says when a segment can go.
 */
import { role, segmentOf } from './format'
import { PlaceTable } from './place-table'

export class Ledger {
  /** What added the entries that are not settled. */
  readonly #added = new PlaceTable()
  /** Their last notes: most entries have none. */
  readonly #noted = new PlaceTable()
  #needed = new Map<number, number>()
  #size = 0
  #bytes = 0

  /** Entries that are not settled. */
  get size(): number {
    return this.#size
  }

  /** Bytes on disk that are needed: what added them, and their last notes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Records of the segment that are needed. */
  neededIn(segment: number): number {
    return this.#needed.get(segment) ?? 0
  }

  /** A record was written, or read again at boot, in the order of the log. */
  apply(kind: number, sequence: number, location: number, bytes: number): void {
    if (kind === role.add) this.#add(sequence, location, bytes)
    else if (kind === role.note) this.#note(sequence, location, bytes)
    else if (kind === role.settle) this.remove(sequence)
  }

  /** Where the record that added the entry lies, or 0. */
  addedAt(sequence: number): number {
    return locationIn(this.#added, sequence)
  }

  /** Bytes on disk of the record that added the entry, or 0. */
  addedBytes(sequence: number): number {
    return bytesIn(this.#added, sequence)
  }

  /** Where the entry's note lies, or 0. */
  notedAt(sequence: number): number {
    return locationIn(this.#noted, sequence)
  }

  /** Bytes of the entry's note on disk, or 0. */
  notedBytes(sequence: number): number {
    return bytesIn(this.#noted, sequence)
  }

  /** The entry is no longer live; an unknown one is no matter. */
  remove(sequence: number): void {
    if (!this.#drop(this.#added, sequence)) return
    this.#drop(this.#noted, sequence)
    this.#size--
  }

  /** All sequences, lowest first. */
  sequences(): Float64Array {
    const sequences = new Float64Array(this.#size)
    this.#added.copySequences(sequences)
    return sequences
  }

  /** Gives up what cannot be read: entries added in this segment, notes that lie in it. Returns how many. */
  giveUp(segment: number): number {
    let given = 0
    for (const sequence of this.sequences()) {
      const notedAt = this.notedAt(sequence)
      if (segmentOf(this.addedAt(sequence)) === segment) this.remove(sequence)
      else if (notedAt !== 0 && segmentOf(notedAt) === segment) this.#drop(this.#noted, sequence)
      else continue
      given++
    }
    return given
  }

  #add(sequence: number, location: number, bytes: number): void {
    if (this.#enter(this.#added, sequence, location, bytes)) this.#size++
  }

  #note(sequence: number, location: number, bytes: number): void {
    if (this.#added.find(sequence) >= 0) this.#enter(this.#noted, sequence, location, bytes)
  }

  /** Whether it is new there; else it replaces what was. */
  #enter(table: PlaceTable, sequence: number, location: number, bytes: number): boolean {
    const slot = table.find(sequence)
    this.#need(location, bytes)
    if (slot < 0) {
      table.insert(sequence, location, bytes)
      return true
    }
    this.#release(table.location(slot), table.bytes(slot))
    table.set(slot, location, bytes)
    return false
  }

  /** Whether it was there. */
  #drop(table: PlaceTable, sequence: number): boolean {
    const slot = table.find(sequence)
    if (slot < 0) return false
    this.#release(table.location(slot), table.bytes(slot))
    table.remove(slot)
    return true
  }

  #need(location: number, bytes: number): void {
    const segment = segmentOf(location)
    this.#needed.set(segment, (this.#needed.get(segment) ?? 0) + 1)
    this.#bytes += bytes
  }

  #release(location: number, bytes: number): void {
    const segment = segmentOf(location)
    const left = (this.#needed.get(segment) ?? 0) - 1
    if (left > 0) this.#needed.set(segment, left)
    else this.#needed.delete(segment)
    this.#bytes -= bytes
  }
}

function locationIn(table: PlaceTable, sequence: number): number {
  const slot = table.find(sequence)
  return slot < 0 ? 0 : table.location(slot)
}

function bytesIn(table: PlaceTable, sequence: number): number {
  const slot = table.find(sequence)
  return slot < 0 ? 0 : table.bytes(slot)
}
