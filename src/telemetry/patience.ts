/**
 * Tells a handler that keeps the process from other work from a machine that does: on one that is overloaded, time also
 * passes while nothing of ours runs. Who was busy all along is told at once; time that passed idly (a synchronous wait for a
 * disk, or other processes) counts only when it happens again.
 */

/** Longest time a handler may keep the process, in ms. */
const patienceMs = 50
/** The processor is asked no more often, in ms: it takes a microsecond. */
const betweenReadingsMs = 100

export class Patience {
  #readAt = 0
  #busyMs = 0
  #strikes = 0

  /**
   * The moment before a handler goes on. Milliseconds are exact enough to find who blocks, and read in a fraction of the
   * time that `performance.now` takes.
   */
  now(): number {
    const now = Date.now()
    if (now - this.#readAt > betweenReadingsMs) {
      this.#readAt = now
      this.#busyMs = busyMs()
    }
    return now
  }

  /** Whether `tookMs` that have just passed are too much, and the handler's. */
  isLost(tookMs: number): boolean {
    if (tookMs <= patienceMs) return false
    const passedMs = Date.now() - this.#readAt
    const isBusy = busyMs() - this.#busyMs > passedMs - tookMs / 2
    this.#strikes += isBusy ? 2 : 1
    return this.#strikes > 1
  }
}

/** Processor time of this process so far. */
function busyMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
