/**
 * Where records lie, by the sequence of their entry: an open-addressing table over typed arrays, 20 bytes a slot, no
 * object per entry. A ledger has many of them, so that growing one takes no noticeable time.
 */

/** Neighbouring sequences lie side by side, in runs of 8: they come one after the other, and share cache lines. */
const runBits = 3
const runMask = (1 << runBits) - 1
const smallestCapacity = 16
/** Fuller, and searches get long. */
const fullest = 0.8
/** Memory of a million entries counts for more than the time of some more growing. */
const growth = 1.25

/** Numbers of a slot: sequence (0 = free) and location. */
const slotNumbers = 2

/** A slot is the index of its first number. */
export class PlaceTable {
  /** Records in it. */
  size = 0
  #runs = smallestCapacity >> runBits
  #numbers = new Float64Array(smallestCapacity * slotNumbers)
  #bytes = new Uint32Array(smallestCapacity)

  /** The slot of the entry, or -1. */
  find(sequence: number): number {
    let slot = this.#home(sequence)
    for (;;) {
      const found = this.#numbers[slot]
      if (found === sequence) return slot
      if (found === 0) return -1
      slot = this.#after(slot)
    }
  }

  /** For an entry that is not there. */
  insert(sequence: number, location: number, bytes: number): void {
    if (this.size >= this.#bytes.length * fullest) this.#grow()
    this.#put(sequence, location, bytes)
    this.size += 1
  }

  location(slot: number): number {
    return this.#numbers[slot + 1]!
  }

  /** Of the record, on disk. */
  bytes(slot: number): number {
    return this.#bytes[slot >> 1]!
  }

  set(slot: number, location: number, bytes: number): void {
    this.#numbers[slot + 1] = location
    this.#bytes[slot >> 1] = bytes
  }

  /** Frees the slot and moves those behind it up, so that no search ends too early. */
  remove(slot: number): void {
    let free = slot
    for (let next = this.#after(slot); this.#numbers[next] !== 0; next = this.#after(next)) {
      const home = this.#home(this.#numbers[next]!)
      if (this.#distance(home, next) < this.#distance(free, next)) continue
      this.#numbers.copyWithin(free, next, next + slotNumbers)
      this.#bytes[free >> 1] = this.#bytes[next >> 1]!
      free = next
    }
    this.#numbers[free] = 0
    this.size -= 1
  }

  /** Writes all sequences, in no order, into `target`. Returns the index after the last. */
  copySequences(target: Float64Array, start: number): number {
    let end = start
    for (let slot = 0; slot < this.#numbers.length; slot += slotNumbers)
      if (this.#numbers[slot] !== 0) target[end++] = this.#numbers[slot]!
    return end
  }

  /** Fibonacci hashing of the run: runs of live entries from different times would pile up otherwise. */
  #home(sequence: number): number {
    const hash = Math.imul((sequence | 0) >>> runBits, 0x9e3779b1) >>> 0
    const run = Math.floor((hash / 0x1_0000_0000) * this.#runs)
    return ((run << runBits) | (sequence & runMask)) * slotNumbers
  }

  #after(slot: number): number {
    const next = slot + slotNumbers
    return next === this.#numbers.length ? 0 : next
  }

  /** From one slot forward to another. */
  #distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.#numbers.length
  }

  #put(sequence: number, location: number, bytes: number): void {
    let slot = this.#home(sequence)
    while (this.#numbers[slot] !== 0) slot = this.#after(slot)
    this.#numbers[slot] = sequence
    this.set(slot, location, bytes)
  }

  #grow(): void {
    const numbers = this.#numbers
    const bytes = this.#bytes
    this.#runs = Math.ceil(this.#runs * growth)
    this.#numbers = new Float64Array((this.#runs << runBits) * slotNumbers)
    this.#bytes = new Uint32Array(this.#runs << runBits)
    for (let slot = 0; slot < numbers.length; slot += slotNumbers)
      if (numbers[slot] !== 0) this.#put(numbers[slot]!, numbers[slot + 1]!, bytes[slot >> 1]!)
  }
}
