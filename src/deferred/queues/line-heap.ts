/** The lines of one queue that may run, the one with the next job first; each knows its place, so that it can be moved. */
import type { Line } from './line'

export class LineHeap {
  readonly #lines: Line[] = []

  get size(): number {
    return this.#lines.length
  }

  get first(): Line | null {
    return this.#lines[0] ?? null
  }

  add(line: Line): void {
    line.index = this.#lines.length
    this.#lines.push(line)
    this.#rise(line)
  }

  remove(line: Line): void {
    const { index } = line
    const last = this.#lines.pop()!
    line.index = -1
    if (last === line) return
    this.#put(last, index)
    this.update(last)
  }

  /** Its first job is another one. */
  update(line: Line): void {
    if (this.#lines.length === 1) return
    this.#rise(line)
    this.#sink(line)
  }

  #rise(line: Line): void {
    let { index } = line
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(line, this.#lines[parent]!)) break
      this.#put(this.#lines[parent]!, index)
      index = parent
    }
    this.#put(line, index)
  }

  #sink(line: Line): void {
    const { length } = this.#lines
    let { index } = line
    for (let child = index * 2 + 1; child < length; child = index * 2 + 1) {
      if (child + 1 < length && isBefore(this.#lines[child + 1]!, this.#lines[child]!)) child += 1
      if (!isBefore(this.#lines[child]!, line)) break
      this.#put(this.#lines[child]!, index)
      index = child
    }
    this.#put(line, index)
  }

  #put(line: Line, index: number): void {
    this.#lines[index] = line
    line.index = index
  }
}

function isBefore(a: Line, b: Line): boolean {
  return a.priority < b.priority || (a.priority === b.priority && a.order < b.order)
}
