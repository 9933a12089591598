/** What `perform` gets of its job. Everything but the names is worked out when it is asked for: most jobs never look. */
import { InvalidOptionError } from '../kernel'
import { RateLimitedError } from './errors'
import type { Job } from './job'
import { Progress, type ProgressWorld } from './progress'
import { retryPolicy } from './retry-policy'
import type { BatchOutcome, RunningJob } from './task'

/** One day: what a service asks for is seconds or minutes. */
const longestWaitSeconds = 86_400

export class JobHandle implements RunningJob {
  readonly id: string
  readonly attempt: number
  readonly #job: Job
  readonly #world: ProgressWorld
  /** `perform` asked its task to wait: whatever it does with the throw, that is how the attempt ends. @internal */
  limited: RateLimitedError | null = null
  #controller: AbortController | null = null
  #progress: Progress | null = null
  /** Asked once: `retryIn` may draw lots. */
  #willRetryIn: number | null | undefined = undefined

  constructor(job: Job, attempt: number, world: ProgressWorld) {
    this.id = job.id
    this.attempt = attempt
    this.#job = job
    this.#world = world
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  get retries(): number {
    return this.attempt - 1
  }

  get willRetry(): boolean {
    return this.willRetryIn !== null
  }

  get willRetryIn(): number | null {
    if (this.#willRetryIn === undefined) {
      // What a `retryIn` that wants to see the error says to `undefined` does not matter: nothing has failed.
      const decision = retryPolicy(this.#job.plan, undefined, this.attempt, () => undefined)
      this.#willRetryIn = 'dead' in decision ? null : decision.inSeconds
    }
    return this.#willRetryIn
  }

  get enqueuedAt(): number {
    return this.#job.enqueuedAt
  }

  get queue(): string {
    return this.#job.queue
  }

  get batch(): BatchOutcome | null {
    return this.#job.links?.outcome ?? null
  }

  /** A function of its own, since `perform(args, { progress })` takes it out of the object. */
  get progress(): (value: unknown) => void {
    return (value) => {
      this.#progress ??= new Progress(this.#world, {
        task: this.#job.plan.name,
        job: this.id,
        attempt: this.attempt,
      })
      this.#progress.report(value)
    }
  }

  /** A function of its own, as `progress`. */
  get rateLimit(): (seconds: number) => never {
    return (seconds) => this.#wait(seconds)
  }

  #wait(seconds: number): never {
    const { plan, id } = this.#job
    if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= longestWaitSeconds)) {
      const expected = `seconds from 0 to ${longestWaitSeconds}`
      throw new InvalidOptionError({ option: 'job.rateLimit', expected, given: seconds })
    }
    this.limited = new RateLimitedError({ task: plan.name, job: id, seconds })
    throw this.limited
  }

  /** What `perform` reported last, or `null`. @internal */
  get reported(): unknown {
    return this.#progress === null ? null : this.#progress.value
  }

  /** @internal */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
  }

  /** `perform` is over. @internal */
  end(): void {
    this.#progress?.end()
  }
}
