/**
 * Time that only passes. Epoch milliseconds as they stood when it began, moved on by the monotonic clock: whoever sets
 * the clock of the machine, by hand or by NTP, neither hastens nor delays what waits here. Time in which the machine
 * sleeps does not pass (on Linux).
 */
import type { Clock } from '../kernel'

/** Smaller differences come from reading two clocks one after the other. */
const noiseMs = 5

export class SteadyTime {
  readonly #clock: Clock
  readonly #start: number
  /** How far the wall clock was set since it began. */
  #skew = 0
  #last: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#last = clock.now()
    this.#start = this.#last - clock.monotonic()
  }

  /** The last reading: where the time of a moment ago will do. */
  get last(): number {
    return this.#last
  }

  /** As `of`, by the clocks as they were read last. */
  ofLast(time: number): number {
    return time - this.#skew
  }

  now(): number {
    this.#last = this.#start + this.#clock.monotonic()
    return this.#last
  }

  /** When as much time has passed as now lies between the wall clock and `time`. @param wallNow a reading of this moment */
  of(time: number, wallNow = this.#clock.now()): number {
    const skew = wallNow - this.now()
    // Upwards never: nothing may be due before its time.
    if (Math.abs(skew - this.#skew) > noiseMs) this.#skew = Math.floor(skew)
    return time - this.#skew
  }
}
