/**
 * So many starts in so much time, exactly: in no stretch of `per` seconds do more than `max` jobs begin. It remembers
 * the times of the last `max` starts, 8 bytes each; a bucket of tokens would let twice as many through at its edges.
 */

export interface RateLimit {
  /** Jobs that may begin in `per` seconds; a whole number from 1 to 100,000. */
  readonly max: number
  /** Seconds, fractions allowed, above 0 to one day. */
  readonly per: number
}

const largestMax = 100_000
const longestPerSeconds = 24 * 60 * 60

export const rateLimitExpected = `{ max: 1 to ${largestMax}, per: seconds above 0 to ${longestPerSeconds} } or null`

export function isRateLimitOrNull(value: unknown): value is RateLimit | null {
  if (value === null) return true
  if (typeof value !== 'object') return false
  const { max, per, ...others } = value as { max?: unknown; per?: unknown }
  const isMax = Number.isInteger(max) && (max as number) >= 1 && (max as number) <= largestMax
  const isPer = typeof per === 'number' && per > 0 && per <= longestPerSeconds
  return isMax && isPer && Object.keys(others).length === 0
}

/** The starts under one limit. Times are monotonic milliseconds. */
export class Starts {
  readonly #perMs: number
  /** A ring: `#next` is the oldest. */
  readonly #times: Float64Array
  #next = 0
  /** Jobs that will begin, and count already: between a promise and the start lies a write to the log. */
  #promised = 0

  constructor({ max, per }: RateLimit) {
    this.#perMs = per * 1_000
    this.#times = new Float64Array(max).fill(Number.NEGATIVE_INFINITY)
  }

  /** When one more may be promised; infinite while that depends on a promised one. */
  get opensAt(): number {
    const max = this.#times.length
    if (this.#promised >= max) return Number.POSITIVE_INFINITY
    return this.#times[(this.#next + this.#promised) % max]! + this.#perMs
  }

  promise(): void {
    this.#promised += 1
  }

  /** A promised one begins. */
  begin(now: number): void {
    this.#promised -= 1
    this.#times[this.#next] = now
    this.#next = (this.#next + 1) % this.#times.length
  }

  /** A promised one will not begin. */
  forgo(): void {
    this.#promised -= 1
  }
}
