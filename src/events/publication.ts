/** One publish that has something to wait for: asynchronous subscribers, jobs on their way to the disk. */
import { DeferredSubscriberError } from './errors'
import type { InFlight } from './in-flight'
import type { EventPlan } from './plan'

export class Publication {
  /** Resolves when everything added has ended; rejects then if a job was not written. */
  readonly settled: Promise<void>
  readonly #plan: EventPlan
  readonly #inFlight: InFlight
  #left = 1
  #missing: string[] | null = null
  #cause: unknown = undefined
  #resolve!: () => void
  #reject!: (error: unknown) => void
  readonly #one = (): void => this.end()

  constructor(plan: EventPlan, inFlight: InFlight) {
    this.#plan = plan
    this.#inFlight = inFlight
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    inFlight.begin(plan)
  }

  /** Waits for `outcome`; if it rejects, for what `recover` makes of the error. `recover` does not throw or reject. */
  add(outcome: PromiseLike<unknown>, recover: (error: unknown) => PromiseLike<void> | null): void {
    this.#left += 1
    outcome.then(this.#one, (error) => {
      const recovery = recover(error)
      if (recovery === null) this.end()
      else recovery.then(this.#one)
    })
  }

  /** A deferred subscriber has no job. */
  missing(subscriber: string, cause: unknown): void {
    this.#missing ??= []
    this.#missing.push(subscriber)
    this.#cause ??= cause
  }

  /** One thing less to wait for; the publisher calls it once when it has added all. */
  end(): void {
    this.#left -= 1
    if (this.#left > 0) return
    this.#inFlight.end(this.#plan)
    if (this.#missing === null) return this.#resolve()
    // A publish that nobody awaits must not end the host's process; the failure was reported as well.
    this.settled.catch(() => undefined)
    const facts = { event: this.#plan.event, subscribers: this.#missing }
    this.#reject(new DeferredSubscriberError(facts, { cause: this.#cause }))
  }
}
