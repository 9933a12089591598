/**
 * Runs `perform` of tasks with `static thread` on threads of their own, so that heavy computation keeps neither the event
 * loop nor other jobs waiting. Seam for `piscina`, an optional peer.
 *
 *   attempt ──ThreadJob──► thread-entry.ts: finds the class, performs ──Outcome──► attempt
 *           ◄──progress── port ──abort──►
 *
 * Jobs that have begun wait for a thread here, not in piscina's queue: one that waits there when a thread dies may wait for ever.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { Codecs } from '../../codec'
import { type Clock, loadPeer, type Timer } from '../../kernel'
import { writeArgs } from '../args'
import { InvalidResultError, ThreadDiedError, ThreadTaskError } from '../errors'
import type { Job } from '../job'
import type { JobHandle } from '../running-job'
import type { TaskPlan } from '../task-plan'
import { reviveFailure } from './failure'
import type { Outcome, ThreadJob } from './thread-job'

export interface ThreadWorld {
  readonly clock: Clock
  /** Most threads at once; 0 = one less than there are processors, at least one. */
  readonly threads: number
  /** Told when a thread dies while it does nothing, and of results that cannot be kept. */
  readonly report: (error: unknown) => void
}

/** What we use of a Piscina. */
interface Pool {
  run(
    job: ThreadJob,
    options: { readonly transferList: readonly MessagePort[]; readonly signal: AbortSignal },
  ): Promise<unknown>
  destroy(): Promise<void>
  on(event: 'error', listener: (error: unknown) => void): void
}

/** An aborted task has this long to end by itself. */
const graceMs = 1_000
/** A thread that does nothing is kept for this long: it has loaded the user's modules. */
const idleMs = 60_000

export class ThreadPool {
  readonly #world: ThreadWorld
  readonly #codecs = new Codecs()
  readonly #waiting = new Set<() => void>()
  readonly #size: number
  #pool: Pool | null = null
  #free: number

  constructor(world: ThreadWorld) {
    this.#world = world
    this.#size = world.threads === 0 ? Math.max(1, availableParallelism() - 1) : world.threads
    this.#free = this.#size
  }

  /** For a runtime that has tasks on threads; starts no thread yet. @throws MissingPackageError */
  open(): void {
    const { Piscina } = loadPeer('A task with "static thread"', 'piscina', () => require('piscina'))
    const pool: Pool = new Piscina({
      filename: join(__dirname, 'thread-entry.js'),
      minThreads: 0,
      maxThreads: this.#size,
      idleTimeout: idleMs,
    })
    pool.on('error', this.#world.report)
    this.#pool = pool
  }

  /**
   * The plan of a task, with no more jobs at once than there are threads: a job that waits in the queue uses up neither a slot nor
   * its timeout, one that waits for a thread does.
   */
  capped(plan: TaskPlan): TaskPlan {
    if (plan.thread === null) return plan
    return { ...plan, concurrency: Math.min(plan.concurrency ?? this.#size, this.#size) }
  }

  /**
   * What `perform` returned.
   *
   * @throws what it threw; ThreadDiedError, ThreadTaskError, the reason of an abort; InvalidArgsError where a middleware put
   * something into the arguments that cannot travel
   */
  async run(job: Job, args: unknown, handle: JobHandle): Promise<unknown> {
    const text = writeArgs(job.plan.name, args, this.#codecs)
    await this.#turn(handle.signal)
    try {
      handle.signal.throwIfAborted()
      return this.#valueOf(job, handle, await this.#perform(job, text, handle))
    } finally {
      this.#pass()
    }
  }

  /** Ends every thread, whatever it does. */
  async close(): Promise<void> {
    await this.#pool?.destroy()
  }

  /** Resolves when a thread is the caller's. @throws the reason of an abort */
  #turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.#free > 0) {
      this.#free -= 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(begin)
        reject(signal.reason)
      }
      const begin = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      this.#waiting.add(begin)
      signal.addEventListener('abort', abort)
    })
  }

  /** Hands the caller's thread to whoever waits longest. */
  #pass(): void {
    const [begin] = this.#waiting
    if (begin === undefined) {
      this.#free += 1
      return
    }
    this.#waiting.delete(begin)
    begin()
  }

  async #perform(job: Job, args: string, handle: JobHandle): Promise<Outcome> {
    const { signal } = handle
    const { port1, port2 } = new MessageChannel()
    const kill = new AbortController()
    let killing: Timer | null = null
    const abort = (): void => {
      const { reason } = signal
      port1.postMessage(reason instanceof Error ? reason.message : String(reason))
      killing = this.#world.clock.after(graceMs, () => kill.abort())
    }
    const report = handle.progress
    port1.on('message', report)
    signal.addEventListener('abort', abort)
    try {
      const message = threadJob(job, args, { handle, port: port2 })
      return (await this.#pool!.run(message, { transferList: [port2], signal: kill.signal })) as Outcome
    } catch (cause) {
      if (signal.aborted) throw signal.reason
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new ThreadDiedError({ task: job.plan.name, job: job.id, reason }, { cause })
    } finally {
      signal.removeEventListener('abort', abort)
      ;(killing as Timer | null)?.cancel()
      port1.close()
    }
  }

  #valueOf(job: Job, handle: JobHandle, outcome: Outcome): unknown {
    const { name, thread } = job.plan
    switch (outcome.end) {
      case 'done':
        if (outcome.problem !== null) {
          const facts = { task: name, job: job.id }
          this.#world.report(new InvalidResultError(facts, { cause: new Error(outcome.problem) }))
        }
        return this.#codecs.decode(outcome.value)
      case 'limited':
        return handle.rateLimit(outcome.seconds)
      case 'unusable':
        throw new ThreadTaskError({ task: name, file: thread ?? '', problem: outcome.problem })
      case 'failed':
        throw reviveFailure(outcome.failure, this.#codecs)
    }
  }
}

function threadJob(
  { plan, carrier }: Job,
  args: string,
  { handle, port }: { readonly handle: JobHandle; readonly port: MessagePort },
): ThreadJob {
  const { id, attempt, retries, willRetry, willRetryIn, enqueuedAt, queue, batch } = handle
  // Attributes of `Current` stay behind: their loaders belong to the application on the main thread.
  const { attributes, ...context } = carrier
  return {
    file: plan.thread ?? '',
    task: plan.name,
    args,
    keepsResult: plan.keepResultMs > 0,
    context,
    facts: { id, attempt, retries, willRetry, willRetryIn, enqueuedAt, queue, batch },
    port,
  }
}
