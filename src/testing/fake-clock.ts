/** A clock that moves only when told to, for tests of everything that waits. */
import type { Clock, Timer } from '../kernel'

interface Pending {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

export class FakeClock implements Clock {
  #now: number
  /** How far the wall clock was set. */
  #set = 0
  #order = 0
  readonly #pending = new Set<Pending>()

  /** @param start epoch milliseconds. Default 2026-01-01T00:00:00Z. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now + this.#set
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): Timer {
    const pending = { at: this.#now + Math.max(0, ms), order: this.#order++, callback }
    this.#pending.add(pending)
    return { cancel: () => this.#pending.delete(pending) }
  }

  /** Sets the wall clock, as an administrator would: no time passes, and no timer rings for it. */
  set(now: number): void {
    this.#set = now - this.#now
  }

  /** How many timers are armed. */
  get timers(): number {
    return this.#pending.size
  }

  /**
   * Moves time on by `ms`, running what falls due in order, and lets everything those callbacks started
   * (promises, file writes of a few milliseconds) settle in between.
   */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    for (let due = this.#nextDue(target); due !== null; due = this.#nextDue(target)) {
      this.#pending.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.callback()
      await settle()
    }
    this.#now = target
    await settle()
  }

  #nextDue(target: number): Pending | null {
    let next: Pending | null = null
    for (const pending of this.#pending) {
      if (pending.at > target) continue
      if (next === null || pending.at < next.at || (pending.at === next.at && pending.order < next.order))
        next = pending
    }
    return next
  }
}

/** Several turns of the event loop, so that work started by a timer gets its microtasks and I/O callbacks. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
