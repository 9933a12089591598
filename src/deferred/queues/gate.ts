/**
 * What stands between waiting jobs and their start, for one queue or one task: how many at once, how many in a
 * time, a pause, a wait that a job asked for. Whoever finds a gate shut is told when it opens: by the end of a job, by
 * `resume`, or by a timer, which is armed only while somebody waits and the time is known. Nothing polls.
 */
import type { Clock, Timer } from '../../kernel'
import { type RateLimit, Starts } from './rate-limit'

export interface GateLimits {
  /** `null` = no limit of its own. */
  readonly concurrency: number | null
  readonly rateLimit: RateLimit | null
}

export class Gate {
  /** Let in and not left yet, whether begun or not. */
  active = 0
  /** Begun and not left yet. */
  running = 0
  readonly #clock: Clock
  readonly #concurrency: number
  readonly #starts: Starts | null
  readonly #opened: () => void
  #isPaused = false
  /** Monotonic; 0 = not held. */
  #heldUntil = 0
  #isAwaited = false
  #timer: Timer | null = null
  #timerAt = 0

  /** @param opened called once after `admits` said no, when the answer is yes again. */
  constructor(clock: Clock, limits: GateLimits, opened: () => void) {
    this.#clock = clock
    this.#concurrency = limits.concurrency ?? Number.POSITIVE_INFINITY
    this.#starts = limits.rateLimit === null ? null : new Starts(limits.rateLimit)
    this.#opened = opened
  }

  /** It was found shut, and `opened` will be called. */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Not even what was let in may begin. */
  get isHeld(): boolean {
    if (this.#isPaused) return true
    return this.#heldUntil !== 0 && this.#heldUntil > this.#clock.monotonic()
  }

  // Hot path: bench/jobs.mjs. Without a limit it is four comparisons.
  admits(): boolean {
    if (
      this.#starts === null &&
      this.#heldUntil === 0 &&
      !this.#isPaused &&
      this.active < this.#concurrency
    ) {
      return true
    }
    const opensAt = this.#opensAt()
    if (opensAt <= this.#clock.monotonic()) {
      this.#heldUntil = 0
      return true
    }
    this.#isAwaited = true
    this.#arm(opensAt)
    return false
  }

  /** One is let in. */
  enter(): void {
    this.active += 1
    this.#starts?.promise()
  }

  /** One that was let in begins. */
  begin(): void {
    this.running += 1
    if (this.#starts === null) return
    this.#starts.begin(this.#clock.monotonic())
    if (this.#isAwaited) this.#arm(this.#opensAt())
  }

  /** One that was let in turned round before it began. */
  turnBack(): void {
    this.active -= 1
    this.#starts?.forgo()
    this.#lookAgain()
  }

  /** One that had begun is over. */
  leave(): void {
    this.active -= 1
    this.running -= 1
    this.#lookAgain()
  }

  pause(): void {
    this.#isPaused = true
    this.#disarm()
  }

  resume(): void {
    this.#isPaused = false
    this.#lookAgain()
  }

  /** Nothing begins for so long; of several such waits the longest counts. */
  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#clock.monotonic() + ms)
    if (this.#isAwaited) this.#arm(this.#opensAt())
  }

  /** Arms no timer any more. */
  close(): void {
    this.#disarm()
    this.#isAwaited = false
  }

  #opensAt(): number {
    if (this.#isPaused || this.active >= this.#concurrency) return Number.POSITIVE_INFINITY
    return this.#starts === null ? this.#heldUntil : Math.max(this.#heldUntil, this.#starts.opensAt)
  }

  #lookAgain(): void {
    if (!this.#isAwaited) return
    const opensAt = this.#opensAt()
    if (opensAt > this.#clock.monotonic()) {
      this.#arm(opensAt)
      return
    }
    this.#disarm()
    this.#isAwaited = false
    this.#opened()
  }

  #arm(at: number): void {
    if (this.#timer !== null && this.#timerAt === at) return
    this.#disarm()
    if (at === Number.POSITIVE_INFINITY) return
    this.#timerAt = at
    // Timers keep whole milliseconds; one too early would only be armed again.
    this.#timer = this.#clock.after(Math.ceil(at - this.#clock.monotonic()), () => {
      this.#timer = null
      this.#lookAgain()
    })
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}
