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
