/**
 * Makes callers of `enqueue` wait while too many jobs do:
 *
 *   open ── waiting >= high ──► shut: callers wait, at most `timeoutMs` ── waiting <= low ──► open
 *
 * They are let in first come, first served, and only up to the high mark again. One timer, for whoever has waited
 * longest, and none while nobody waits.
 */
import { type Clock, StayAlive, type Timer } from '../../kernel'
import { PushTimeoutError } from '../errors'
import { Fifo } from '../fifo'

export interface Marks {
  readonly high: number
  readonly low: number
  readonly timeoutMs: number
}

interface Caller {
  readonly task: string
  readonly count: number
  readonly until: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class BackPressure {
  readonly #clock: Clock
  readonly #marks: Marks
  /** Jobs that could run and wait, those on their way to the log included. */
  readonly #waiting: () => number
  readonly #callers = new Fifo<Caller>()
  readonly #stayAlive = new StayAlive()
  /** Let in and not `entered` yet: not counted among the waiting. */
  #entering = 0
  #isShut = false
  #timer: Timer | null = null

  constructor(clock: Clock, marks: Marks, waiting: () => number) {
    this.#clock = clock
    this.#marks = marks
    this.#waiting = waiting
  }

  /** `null` = come in; else resolves when there is room, and `entered` follows. Rejects with PushTimeoutError. */
  admit(task: string, count: number): Promise<void> | null {
    if (this.#waiting() + this.#entering >= this.#marks.high) this.#isShut = true
    if (!this.#isShut) return null
    return new Promise((resolve, reject) => {
      const until = this.#clock.monotonic() + this.#marks.timeoutMs
      this.#callers.push({ task, count, until, resolve, reject })
      if (this.#callers.size === 1) this.#arm()
    })
  }

  entered(count: number): void {
    this.#entering -= count
  }

  /** Fewer jobs wait. */
  eased(): void {
    if (!this.#isShut || this.#waiting() + this.#entering > this.#marks.low) return
    this.#letIn(this.#marks.high)
    this.#isShut = this.#callers.size > 0
  }

  /** Everybody comes in: the queue is ending, and refuses them itself. */
  close(): void {
    this.#letIn(Number.POSITIVE_INFINITY)
    this.#isShut = false
  }

  #letIn(most: number): void {
    while (this.#callers.size > 0 && this.#waiting() + this.#entering < most) {
      const { count, resolve } = this.#callers.take()!
      this.#entering += count
      resolve()
    }
    this.#arm()
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = null
    const { first } = this.#callers
    if (first === null) {
      this.#stayAlive.end()
      return
    }
    this.#stayAlive.begin()
    const left = Math.ceil(first.until - this.#clock.monotonic())
    this.#timer = this.#clock.after(Math.max(0, left), () => this.#expire())
  }

  #expire(): void {
    const now = this.#clock.monotonic()
    while (this.#callers.size > 0 && this.#callers.first!.until <= now) {
      const { task, reject } = this.#callers.take()!
      reject(new PushTimeoutError({ task, ms: this.#marks.timeoutMs, waiting: this.#waiting() }))
    }
    this.#arm()
  }
}
