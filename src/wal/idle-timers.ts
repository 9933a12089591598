/**
 * Timers of a log that has nothing to commit; a busy one comes by anyway. Each is armed at most once, and none keeps
 * the process alive but `rider`: a script that ends by itself would take the ends of its last jobs with it, and after
 * three runs they would count as jobs that kill their process.
 */

/**
 * `rider`: a record nobody waits for is written; `sync`: what was written is synced; `room`: a full disk is tried
 * again; `rest`: the log has rested for a while.
 */
export type TimerName = 'rider' | 'sync' | 'room' | 'rest'

export class IdleTimers {
  readonly #ring: (name: TimerName) => void
  readonly #timers: Record<TimerName, NodeJS.Timeout | null> = {
    rider: null,
    sync: null,
    room: null,
    rest: null,
  }

  constructor(ring: (name: TimerName) => void) {
    this.#ring = ring
  }

  isArmed(name: TimerName): boolean {
    return this.#timers[name] !== null
  }

  arm(name: TimerName, ms: number): void {
    if (this.#timers[name] !== null) return
    this.#timers[name] = setTimeout(() => {
      this.#timers[name] = null
      this.#ring(name)
    }, ms)
    if (name !== 'rider') this.#timers[name].unref()
  }

  clear(): void {
    for (const timer of Object.values(this.#timers)) if (timer !== null) clearTimeout(timer)
  }
}
