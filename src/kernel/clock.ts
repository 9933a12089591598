/**
 * Time as the rooms see it: wall clock, monotonic clock and timers, all replaceable by the fake clock of
 * rage-js/testing. Timers never keep the process alive by themselves; a guest must not hold its host.
 */

export interface Timer {
  /** Any number of times; after it the callback does not run. */
  cancel(): void
}

export interface Clock {
  /** Wall clock, epoch milliseconds. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number
  /** Runs `callback` once after `ms` (0 or more; longer than Node's 24.8 days is fine). */
  after(ms: number, callback: () => void): Timer
}

/** Node's `setTimeout` fires at once for anything longer. */
const longestTimeoutMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    let handle: NodeJS.Timeout
    const arm = (left: number): void => {
      const step = Math.min(left, longestTimeoutMs)
      handle = setTimeout(() => (left > step ? arm(left - step) : callback()), step)
      handle.unref()
    }
    arm(Math.max(0, ms))
    return { cancel: () => clearTimeout(handle) }
  },
}
