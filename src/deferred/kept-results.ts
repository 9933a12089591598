/**
 * Jobs that are over and whose end is kept for a while: entries of the log that settle when their time has passed. In
 * memory they cost 16 bytes each; one timer for the earliest, none without any.
 */
import type { Clock, Timer } from '../kernel'
import { TimeHeap } from './time-heap'

/** The wall clock is looked at this often at least, so that a clock that was set is noticed. */
const longestSleepMs = 60 * 60 * 1_000
/** Forgotten per turn, so that a million that expire together do not stall the event loop. */
const perTurn = 1_000

export class KeptResults {
  readonly #clock: Clock
  readonly #limit: number
  readonly #forget: (sequence: number) => void
  readonly #byExpiry = new TimeHeap()
  #timer: Timer | null = null
  #isStopped = false

  /** @param forget receives the log sequence of each that has expired, or does not fit. */
  constructor(clock: Clock, limit: number, forget: (sequence: number) => void) {
    this.#clock = clock
    this.#limit = limit
    this.#forget = forget
  }

  get size(): number {
    return this.#byExpiry.size
  }

  add(sequence: number, expiresAt: number): void {
    this.#byExpiry.push(expiresAt, sequence)
    if (this.#byExpiry.size > this.#limit) this.#forget(this.#byExpiry.take())
    if (this.#byExpiry.firstTime === expiresAt || this.#timer === null) this.#arm()
  }

  /** Sequences, as many as asked for, in no order. */
  some(limit: number): number[] {
    return this.#byExpiry.some(limit)
  }

  stop(): void {
    this.#isStopped = true
    this.#disarm()
  }

  #arm(): void {
    this.#disarm()
    if (this.#isStopped || this.#byExpiry.size === 0) return
    const waitMs = Math.max(0, this.#byExpiry.firstTime - this.#clock.now())
    this.#timer = this.#clock.after(Math.min(waitMs, longestSleepMs), () => this.#expire())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #expire(): void {
    const now = this.#clock.now()
    for (let count = 0; count < perTurn && this.#byExpiry.firstTime <= now; count++)
      this.#forget(this.#byExpiry.take())
    this.#arm()
  }
}
