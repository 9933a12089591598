/**
 * Numbers by time: 16 bytes each, whatever they stand for. A binary heap over typed arrays of one size, so that growing
 * copies nothing and leaves no memory behind that nothing else fits into.
 */

const partBits = 11
const partSize = 1 << partBits

export class TimeHeap {
  size = 0
  /** Time and value in turns. */
  #parts: Float64Array[] = [newPart()]

  /** The earliest time; infinite when empty. */
  get firstTime(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.#time(0)
  }

  push(time: number, value: number): void {
    if (this.size === this.#parts.length << partBits) this.#parts.push(newPart())
    let index = this.size++
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(time, value, parent)) break
      this.#move(parent, index)
      index = parent
    }
    this.#put(index, time, value)
  }

  /** Removes the earliest and answers its value; of one time, the lowest value. @throws RangeError when empty. */
  take(): number {
    if (this.size === 0) throw new RangeError('the heap is empty')
    const first = this.#value(0)
    const last = --this.size
    const [time, value] = [this.#time(last), this.#value(last)]
    let index = 0
    for (let child = 1; child < last; child = index * 2 + 1) {
      if (child + 1 < last && this.#isBefore(this.#time(child + 1), this.#value(child + 1), child)) child++
      if (this.#isBefore(time, value, child)) break
      this.#move(child, index)
      index = child
    }
    this.#put(index, time, value)
    // One is kept for what comes next.
    if (last < (this.#parts.length - 2) << partBits) this.#parts.pop()
    return first
  }

  /** Removes the values that `isGone` names, asked once for each. */
  drop(isGone: (value: number) => boolean): void {
    const kept = new TimeHeap()
    for (let index = 0; index < this.size; index++)
      if (!isGone(this.#value(index))) kept.push(this.#time(index), this.#value(index))
    this.size = kept.size
    this.#parts = kept.#parts
  }

  /** The earliest, in order, which stay in it: a look at each, for lists that people read. */
  first(limit: number): { readonly time: number; readonly value: number }[] {
    const first = new TimeHeap()
    // By minus time and value: the last of those found so far lies on top.
    for (let index = 0; index < this.size; index++) {
      const [time, value] = [-this.#time(index), -this.#value(index)]
      if (first.size >= limit && first.#isBefore(time, value, 0)) continue
      first.push(time, value)
      if (first.size > limit) first.take()
    }
    return Array.from({ length: first.size }, (_, index) => ({
      time: -first.#time(index),
      value: -first.#value(index),
    })).sort((a, b) => a.time - b.time || a.value - b.value)
  }

  /** As many values, in no order. */
  some(limit: number): number[] {
    return Array.from({ length: Math.min(limit, this.size) }, (_, index) => this.#value(index))
  }

  #isBefore(time: number, value: number, index: number): boolean {
    const other = this.#time(index)
    return time < other || (time === other && value < this.#value(index))
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#time(from), this.#value(from))
  }

  #time(index: number): number {
    return this.#parts[index >> partBits]![(index & (partSize - 1)) * 2]!
  }

  #value(index: number): number {
    return this.#parts[index >> partBits]![(index & (partSize - 1)) * 2 + 1]!
  }

  #put(index: number, time: number, value: number): void {
    const part = this.#parts[index >> partBits]!
    const at = (index & (partSize - 1)) * 2
    part[at] = time
    part[at + 1] = value
  }
}

function newPart(): Float64Array {
  return new Float64Array(partSize * 2)
}
