/** Numbers by time: 16 bytes each, whatever they stand for. A binary heap over two typed arrays. */

const smallestCapacity = 1_024

export class TimeHeap {
  size = 0
  #times = new Float64Array(smallestCapacity)
  #values = new Float64Array(smallestCapacity)

  /** The earliest time; infinite when empty. */
  get firstTime(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!
  }

  push(time: number, value: number): void {
    if (this.size === this.#times.length) this.#resize(this.size * 2)
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
    const first = this.#values[0]!
    const last = --this.size
    const [time, value] = [this.#times[last]!, this.#values[last]!]
    let index = 0
    for (let child = 1; child < last; child = index * 2 + 1) {
      if (child + 1 < last && this.#isBefore(this.#times[child + 1]!, this.#values[child + 1]!, child))
        child++
      if (this.#isBefore(time, value, child)) break
      this.#move(child, index)
      index = child
    }
    this.#put(index, time, value)
    if (this.#times.length > smallestCapacity && last < this.#times.length / 4)
      this.#resize(this.#times.length / 2)
    return first
  }

  /** Removes the values that `isGone` names, asked once for each. */
  drop(isGone: (value: number) => boolean): void {
    const [times, values, size] = [this.#times, this.#values, this.size]
    const kept = new TimeHeap()
    for (let index = 0; index < size; index++)
      if (!isGone(values[index]!)) kept.push(times[index]!, values[index]!)
    this.size = kept.size
    this.#times = kept.#times
    this.#values = kept.#values
  }

  /** The earliest, in order, which stay in it: a look at each, for lists that people read. */
  first(limit: number): { readonly time: number; readonly value: number }[] {
    const first = new TimeHeap()
    // The latest of those found so far lies on top, since it counts by minus its time.
    for (let index = 0; index < this.size; index++) {
      const time = this.#times[index]!
      if (first.size >= limit && time >= -first.firstTime) continue
      first.push(-time, index)
      if (first.size > limit) first.take()
    }
    return first
      .some(limit)
      .map((index) => ({ time: this.#times[index]!, value: this.#values[index]! }))
      .sort((a, b) => a.time - b.time || a.value - b.value)
  }

  /** As many values, in no order. */
  some(limit: number): number[] {
    return [...this.#values.subarray(0, Math.min(limit, this.size))]
  }

  #isBefore(time: number, value: number, index: number): boolean {
    const other = this.#times[index]!
    return time < other || (time === other && value < this.#values[index]!)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#values[from]!)
  }

  #put(index: number, time: number, value: number): void {
    this.#times[index] = time
    this.#values[index] = value
  }

  #resize(capacity: number): void {
    const [times, values] = [this.#times, this.#values]
    this.#times = new Float64Array(capacity)
    this.#values = new Float64Array(capacity)
    this.#times.set(times.subarray(0, this.size))
    this.#values.set(values.subarray(0, this.size))
  }
}
