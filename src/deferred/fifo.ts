/** First in, first out, without the cost of `Array.shift` on long queues. */

/** Taken slots are given back once there are this many. */
const slack = 1_024

export class Fifo<T extends object> {
  #items: (T | null)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  /** The oldest item, or `null` when there is none. */
  get first(): T | null {
    return this.#head === this.#items.length ? null : this.#items[this.#head]!
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Removes the oldest item and answers it; `null` when there is none. */
  take(): T | null {
    if (this.#head === this.#items.length) return null
    const item = this.#items[this.#head]!
    this.#items[this.#head] = null
    this.#head += 1
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head >= slack && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** Oldest first. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = this.#head; index < this.#items.length; index++) yield this.#items[index]!
  }

  /** Every item, oldest first; the queue is empty afterwards. */
  takeAll(): T[] {
    const rest = this.#items.slice(this.#head) as T[]
    this.#items = []
    this.#head = 0
    return rest
  }
}
