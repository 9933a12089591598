/**
 * Which entries are not settled, and where their records lie; bodies stay on disk. One open-addressing table
 * over typed arrays: 32 bytes a slot, at most four fifths in use, no object per entry. Also counts, per
 * segment, the records that are still needed, which says when a segment can go.
 */
import { role, segmentOf } from './format'

const smallestCapacity = 1024

export class Ledger {
  #capacity = smallestCapacity
  #shift = 32 - Math.log2(smallestCapacity)
  /** Sequences; 0 = the slot is free. */
  #sequences = new Float64Array(smallestCapacity)
  #addedAt = new Float64Array(smallestCapacity)
  /** 0 = no note. */
  #notedAt = new Float64Array(smallestCapacity)
  #addedBytes = new Uint32Array(smallestCapacity)
  #notedBytes = new Uint32Array(smallestCapacity)
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
    const slot = this.#find(sequence)
    return slot < 0 ? 0 : this.#addedAt[slot]!
  }

  /** Bytes on disk of the record that added the entry, or 0. */
  addedBytes(sequence: number): number {
    const slot = this.#find(sequence)
    return slot < 0 ? 0 : this.#addedBytes[slot]!
  }

  /** Where the entry's note lies, or 0. */
  notedAt(sequence: number): number {
    const slot = this.#find(sequence)
    return slot < 0 ? 0 : this.#notedAt[slot]!
  }

  /** Bytes of the entry's note on disk, or 0. */
  notedBytes(sequence: number): number {
    const slot = this.#find(sequence)
    return slot < 0 ? 0 : this.#notedBytes[slot]!
  }

  /** The entry is no longer live; an unknown one is no matter. */
  remove(sequence: number): void {
    const slot = this.#find(sequence)
    if (slot < 0) return
    this.#release(this.#addedAt[slot]!, this.#addedBytes[slot]!)
    this.#release(this.#notedAt[slot]!, this.#notedBytes[slot]!)
    this.#vacate(slot)
    this.#size--
  }

  /** All sequences, lowest first. */
  sequences(): Float64Array {
    return this.#sequences.filter((sequence) => sequence !== 0).sort()
  }

  /** Gives up what cannot be read: entries added in this segment, notes that lie in it. Returns how many. */
  giveUp(segment: number): number {
    let given = 0
    for (const sequence of this.sequences()) {
      const slot = this.#find(sequence)
      if (segmentOf(this.#addedAt[slot]!) === segment) this.remove(sequence)
      else if (this.#notedAt[slot] !== 0 && segmentOf(this.#notedAt[slot]!) === segment)
        this.#setNote(slot, 0, 0)
      else continue
      given++
    }
    return given
  }

  #add(sequence: number, location: number, bytes: number): void {
    if (this.#size >= this.#capacity * 0.8) this.#grow()
    let slot = this.#home(sequence)
    while (this.#sequences[slot] !== 0 && this.#sequences[slot] !== sequence)
      slot = (slot + 1) & (this.#capacity - 1)
    if (this.#sequences[slot] === sequence) {
      this.#release(this.#addedAt[slot]!, this.#addedBytes[slot]!)
    } else {
      this.#sequences[slot] = sequence
      this.#notedAt[slot] = 0
      this.#notedBytes[slot] = 0
      this.#size++
    }
    this.#addedAt[slot] = location
    this.#addedBytes[slot] = bytes
    this.#need(location, bytes)
  }

  #note(sequence: number, location: number, bytes: number): void {
    const slot = this.#find(sequence)
    if (slot >= 0) this.#setNote(slot, location, bytes)
  }

  #setNote(slot: number, location: number, bytes: number): void {
    this.#release(this.#notedAt[slot]!, this.#notedBytes[slot]!)
    this.#notedAt[slot] = location
    this.#notedBytes[slot] = bytes
    if (location !== 0) this.#need(location, bytes)
  }

  #need(location: number, bytes: number): void {
    const segment = segmentOf(location)
    this.#needed.set(segment, (this.#needed.get(segment) ?? 0) + 1)
    this.#bytes += bytes
  }

  #release(location: number, bytes: number): void {
    if (location === 0) return
    const segment = segmentOf(location)
    const left = (this.#needed.get(segment) ?? 0) - 1
    if (left > 0) this.#needed.set(segment, left)
    else this.#needed.delete(segment)
    this.#bytes -= bytes
  }

  #find(sequence: number): number {
    let slot = this.#home(sequence)
    for (;;) {
      const found = this.#sequences[slot]
      if (found === sequence) return slot
      if (found === 0) return -1
      slot = (slot + 1) & (this.#capacity - 1)
    }
  }

  /** Fibonacci hashing of the low 32 bits: sequences come in runs, and this spreads them. */
  #home(sequence: number): number {
    return Math.imul(sequence | 0, 0x9e3779b1) >>> this.#shift
  }

  /** Frees a slot and moves those behind it up, so that no search ends too early. */
  #vacate(slot: number): void {
    const mask = this.#capacity - 1
    let free = slot
    for (let next = (slot + 1) & mask; this.#sequences[next] !== 0; next = (next + 1) & mask) {
      const home = this.#home(this.#sequences[next]!)
      if (((next - home) & mask) < ((next - free) & mask)) continue
      this.#move(next, free)
      free = next
    }
    this.#sequences[free] = 0
  }

  #move(from: number, to: number): void {
    this.#sequences[to] = this.#sequences[from]!
    this.#addedAt[to] = this.#addedAt[from]!
    this.#notedAt[to] = this.#notedAt[from]!
    this.#addedBytes[to] = this.#addedBytes[from]!
    this.#notedBytes[to] = this.#notedBytes[from]!
  }

  #grow(): void {
    const [sequences, addedAt, notedAt] = [this.#sequences, this.#addedAt, this.#notedAt]
    const [addedBytes, notedBytes] = [this.#addedBytes, this.#notedBytes]
    this.#capacity *= 2
    this.#shift--
    this.#sequences = new Float64Array(this.#capacity)
    this.#addedAt = new Float64Array(this.#capacity)
    this.#notedAt = new Float64Array(this.#capacity)
    this.#addedBytes = new Uint32Array(this.#capacity)
    this.#notedBytes = new Uint32Array(this.#capacity)
    for (let from = 0; from < sequences.length; from++) {
      if (sequences[from] === 0) continue
      let slot = this.#home(sequences[from]!)
      while (this.#sequences[slot] !== 0) slot = (slot + 1) & (this.#capacity - 1)
      this.#sequences[slot] = sequences[from]!
      this.#addedAt[slot] = addedAt[from]!
      this.#notedAt[slot] = notedAt[from]!
      this.#addedBytes[slot] = addedBytes[from]!
      this.#notedBytes[slot] = notedBytes[from]!
    }
  }
}
