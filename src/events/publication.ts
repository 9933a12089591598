/** One publish that has something to wait for: asynchronous subscribers, jobs on their way to the disk. */
import { DeferredSubscriberError } from './errors'
import type { InFlight } from './in-flight'
import type { EventPlan } from './plan'

// Hot path: bench/events.mjs, awaited asynchronous subscribers. Per publish one promise and one closure, per subscriber
// one closure more, for its error.
export class Publication {
  /** One thing less to wait for. */
  readonly ended: () => void
  readonly #plan: EventPlan
  readonly #inFlight: InFlight
  readonly #settled: Promise<void>
  #left: number
  #missing: string[] | null
  #cause: unknown
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor(plan: EventPlan, inFlight: InFlight) {
    this.#plan = plan
    this.#inFlight = inFlight
    this.#left = 1
    this.#missing = null
    this.#cause = undefined
    this.ended = () => this.#end()
    this.#settled = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    inFlight.begin(plan)
  }

  /**
   * Waits for `outcome`, which is a promise and not merely thenable.
   *
   * @param failed called with its error: sees to it and then calls `ended`. Does not throw.
   */
  add(outcome: Promise<unknown>, failed: (error: unknown) => void): void {
    this.#left += 1
    outcome.then(this.ended, failed)
  }

  /** A deferred subscriber has no job. */
  missing(subscriber: string, cause: unknown): void {
    this.#missing ??= []
    this.#missing.push(subscriber)
    this.#cause ??= cause
  }

  /** Called once, when everything has been added: resolves when that has ended; rejects then if a job was not written. */
  close(): Promise<void> {
    this.#end()
    return this.#settled
  }

  #end(): void {
    this.#left -= 1
    if (this.#left > 0) return
    this.#inFlight.end(this.#plan)
    if (this.#missing === null) return this.#resolve()
    // A publish that nobody awaits must not end the host's process; the failure was reported as well.
    this.#settled.catch(() => undefined)
    const facts = { event: this.#plan.event, subscribers: this.#missing }
    this.#reject(new DeferredSubscriberError(facts, { cause: this.#cause }))
  }
}
