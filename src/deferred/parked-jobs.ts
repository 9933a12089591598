/**
 * Jobs that stay in the log because this process cannot run them: their task is not registered, or their arguments cannot
 * be read. The next boot tries again; until then they can be looked at and cancelled.
 */
export class ParkedJobs {
  readonly #sequences = new Set<number>()
  /** Entries that are not even known to be jobs. */
  #unreadable = 0

  /** Entries, whether they can be read or not. */
  get size(): number {
    return this.#sequences.size + this.#unreadable
  }

  add(sequence: number): void {
    this.#sequences.add(sequence)
  }

  addUnreadable(): void {
    this.#unreadable += 1
  }

  has(sequence: number): boolean {
    return this.#sequences.has(sequence)
  }

  /** Whether it was there. */
  delete(sequence: number): boolean {
    return this.#sequences.delete(sequence)
  }

  /** Sequences of as many, in the order they were found. */
  first(limit: number): number[] {
    const first: number[] = []
    for (const sequence of this.#sequences) {
      if (first.length === limit) break
      first.push(sequence)
    }
    return first
  }
}
