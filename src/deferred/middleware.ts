/**
 * What users put around every enqueue and every attempt: `rage.deferred.use({ enqueue, perform })`. Layers are
 * entered in the order they were added; without any, the queue never comes by here.
 */
import { InvalidOptionError, Registry } from '../kernel'
import type { EnqueueOptions } from './enqueue-options'
import { EnqueueStoppedError, LateNextError } from './errors'
import type { RunningJob } from './task'

/** A job on its way into the queue. What a layer assigns is what is enqueued. */
export interface EnqueuingJob {
  /** The name stored with the job. */
  readonly task: string
  args: unknown
  options: EnqueueOptions | undefined
}

/** A job whose attempt is about to be made. */
export interface PerformingJob {
  /** The name stored with the job. */
  readonly task: string
  /** What `perform` will get; a layer may assign other ones for this attempt. */
  args: unknown
  readonly job: RunningJob
}

export interface JobMiddleware {
  /**
   * Around `enqueue`, `enqueueMany` (once for each job) and everything that enqueues through them. `next()` goes on,
   * and resolves once the job is accepted; a layer that returns without it stops the enqueue, which then rejects with
   * EnqueueStoppedError; a `next()` that comes later rejects with LateNextError. What it throws is what `enqueue` rejects
   * with. The job of a schedule passes it as well, each time in a unit of work of its own.
   */
  enqueue?(job: EnqueuingJob, next: () => Promise<unknown>): unknown
  /**
   * Around `perform`, inside the context of the attempt. `next()` goes on, and resolves or rejects as `perform` does; a
   * layer that returns without it ends the attempt well, and a `next()` that comes later rejects with LateNextError. What
   * it throws fails the attempt. What it returns is ignored.
   */
  perform?(job: PerformingJob, next: () => Promise<unknown>): unknown
}

type Layer<Job> = (job: Job, next: () => Promise<unknown>) => unknown

/** Runs `last` inside the layers; resolves with what it answered. */
export type Chain<Job> = (job: Job, last: () => unknown) => Promise<Passage>

/** `reached` = every layer has gone on, and `value` is what came of it. */
export interface Passage {
  readonly reached: boolean
  readonly value: unknown
}

export class Middlewares {
  readonly #registered = new Registry<JobMiddleware>('middleware')
  readonly #enqueue: Layer<EnqueuingJob>[] = []
  readonly #perform: Layer<PerformingJob>[] = []
  /** `null` = nobody wants to know. */
  enqueue: Chain<EnqueuingJob> | null = null
  perform: Chain<PerformingJob> | null = null

  /** @throws InvalidOptionError, RegistrationClosedError (after boot) */
  use(middleware: JobMiddleware): void {
    const { enqueue, perform } = refuseInvalid(middleware)
    this.#registered.add(`number ${this.#registered.size + 1}`, middleware)
    if (enqueue !== undefined) {
      this.#enqueue.push((job, next) => middleware.enqueue!(job, next))
      this.enqueue = compileChain(this.#enqueue)
    }
    if (perform !== undefined) {
      this.#perform.push((job, next) => middleware.perform!(job, next))
      this.perform = compileChain(this.#perform)
    }
  }

  /** Ends registration; called at boot. */
  close(): void {
    this.#registered.close()
  }
}

/** @throws EnqueueStoppedError when a layer did not go on. */
export async function throughEnqueue<Result>(
  chain: Chain<EnqueuingJob>,
  job: EnqueuingJob,
  last: () => Promise<Result>,
): Promise<Result> {
  const { reached, value } = await chain(job, last)
  if (!reached) throw new EnqueueStoppedError({ task: job.task })
  return value as Result
}

function compileChain<Job extends { readonly task: string }>(layers: readonly Layer<Job>[]): Chain<Job> {
  return async (job, last) => {
    let value: unknown
    let end: Promise<void> | null = null
    let isOver = false
    let hasStopped = false
    const enter = async (index: number): Promise<unknown> => {
      // Whoever waited has been told that nothing happens.
      if (hasStopped) throw new LateNextError({ task: job.task })
      const layer = layers[index]
      if (layer === undefined) {
        end ??= (async () => {
          value = await last()
        })().finally(() => {
          isOver = true
        })
        await end
        return value
      }
      let next: Observed | null = null
      await layer(job, () => (next ??= Observed.of(enter(index + 1))))
      // Nobody looked how it ends: then the layer ends as it does.
      await (next as Observed | null)?.unlessObserved()
      return value
    }
    try {
      await enter(0)
    } finally {
      hasStopped = end === null
    }
    // A layer returned without waiting: the job is not over before its work is.
    if (!isOver && end !== null) await end
    return { reached: end !== null, value }
  }
}

/** A promise that knows whether anybody waits for it: a layer must not hide a failure by not looking. */
class Observed extends Promise<unknown> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  static of(promise: Promise<unknown>): Observed {
    const observed = new Observed((resolve, reject) => void promise.then(resolve, reject))
    Promise.prototype.then.call(observed, undefined, () => undefined)
    return observed
  }

  #isObserved = false

  // biome-ignore lint/suspicious/noThenProperty: a promise has one; this is how it notices
  override then<A = unknown, B = never>(
    resolved?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isObserved = true
    return super.then(resolved, rejected)
  }

  unlessObserved(): Promise<unknown> | null {
    return this.#isObserved ? null : super.then()
  }
}

function refuseInvalid(middleware: JobMiddleware): JobMiddleware {
  const expected = 'an object with enqueue(job, next), perform(job, next), or both'
  const given = middleware as { enqueue?: unknown; perform?: unknown } | null | undefined
  const parts = [given?.enqueue, given?.perform].filter((part) => part !== undefined)
  if (parts.length > 0 && parts.every((part) => typeof part === 'function')) return middleware
  throw new InvalidOptionError({ option: 'deferred.use', expected, given: middleware })
}
