/**
 * One BullMQ queue and one worker on it. Seam for `bullmq`.
 *
 *   handed out ─► run ─► done ───────► completed (the last thousand are kept)
 *                   ├──► retry ──────► delayed, by our `retryIn` in place of BullMQ's backoff
 *                   ├──► dead ───────► failed
 *                   └──► released ───► waiting or delayed, attempt not counted
 *
 * A process that goes silent loses its locks; others find its jobs stalled and take them. What stalls for the third
 * time is failed by BullMQ: it took three processes down.
 */
import type { Job, Queue, Worker } from 'bullmq'
import {
  CrashedJobError,
  type DeadStoredJob,
  type Death,
  type Engine,
  type EngineCounts,
  type EngineWorld,
  type Outcome,
  type StoredJob,
} from '../../src/deferred'
import { loadPeer, type Resolved } from '../../src/kernel'
import type { BullmqOptions } from './options'

/** Of finished jobs, for dashboards. */
const completedKept = 1_000
/** BullMQ's begin at 1; jobs without one would go before all others. */
const priorityOfZero = 1_001
/** Stalls that are forgiven. */
const stallsAllowed = 2
/** With the two seconds that ioredis takes to hang up, shorter than our caller waits. */
const closeMs = 2_500
const stalledTooOften = 'job stalled more than allowable limit'

type Bullmq = typeof import('bullmq')

/** What BullMQ keeps as data: our job and, once it is dead, why. */
interface Kept extends StoredJob {
  readonly death?: Death
}

export class BullmqEngine implements Engine {
  readonly #bullmq: Bullmq
  readonly #world: EngineWorld
  readonly #queue: Queue<Kept>
  readonly #worker: Worker<Kept>
  readonly #isOurs: boolean
  #lastError: Error | null = null
  /** What the connection said last while it was lost: others are answers of the server, and no reason. */
  #lastOutage: Error | null = null
  #status: () => string = () => 'connecting'

  private constructor(bullmq: Bullmq, settings: Resolved<BullmqOptions>, world: EngineWorld) {
    this.#bullmq = bullmq
    this.#world = world
    const { connection, prefix, queue, takeOverMs } = settings
    this.#isOurs = !isClient(connection)
    this.#queue = new bullmq.Queue<Kept>(queue, {
      // Without a connection an enqueue is refused at once, not kept for later behind the caller's back.
      connection: this.#isOurs ? { enableOfflineQueue: false, ...connection } : connection,
      prefix,
      defaultJobOptions: { backoff: { type: 'custom' } },
    })
    this.#worker = new bullmq.Worker<Kept>(queue, (job, token) => this.#process(job, token!), {
      connection,
      prefix,
      autorun: false,
      concurrency: world.concurrency,
      lockDuration: takeOverMs,
      stalledInterval: takeOverMs / 2,
      maxStalledCount: stallsAllowed,
      removeOnComplete: { count: completedKept },
      removeOnFail: { count: world.deadLimit },
      settings: { backoffStrategy: (_attempts, _type, error) => (error as Postponed).delayMs },
    })
    // Errors of the connection; without a listener they would end the process.
    this.#queue.on('error', (error) => this.#complain(error))
    this.#worker.on('error', (error) => this.#complain(error))
    this.#worker.on('failed', (job, error) => {
      if (error.message.startsWith(stalledTooOften) && job !== undefined) this.#reportCrashed(job)
    })
  }

  static async open(
    settings: Resolved<BullmqOptions>,
    world: EngineWorld,
    deadline: AbortSignal,
  ): Promise<BullmqEngine> {
    const bullmq = loadPeer('bullmq()', 'bullmq@6 ioredis', () => require('bullmq') as Bullmq)
    const engine = new BullmqEngine(bullmq, settings, world)
    try {
      await engine.#connect(deadline)
      return engine
    } catch (error) {
      await engine.#disconnect()
      throw error
    }
  }

  async add(jobs: readonly StoredJob[]): Promise<void> {
    const now = this.#world.clock.now()
    const entries = jobs.map((job) => ({
      name: job.task,
      data: job,
      opts: {
        jobId: keyOf(job.id),
        delay: Math.max(0, job.runAt - now),
        priority: job.priority + priorityOfZero,
      },
    }))
    const [first] = entries
    if (entries.length === 1) await this.#queue.add(first!.name, first!.data, first!.opts)
    else await this.#queue.addBulk(entries)
  }

  serve(): void {
    this.#worker.run().catch((error: unknown) => this.#world.errors.report(error))
  }

  async pause(): Promise<void> {
    await this.#worker.pause(true)
  }

  async close(): Promise<void> {
    // Redis may have fallen silent, and connections that wait for its last answer keep the process.
    const timer = this.#world.clock.after(closeMs, () => void this.#hangUp())
    if (this.trouble() === null) await this.#worker.close()
    if (this.trouble() === null) await this.#queue.close()
    else await this.#disconnect()
    timer.cancel()
  }

  async counts(): Promise<EngineCounts> {
    const states = ['waiting', 'prioritized', 'delayed', 'active', 'failed'] as const
    const counts = await this.#queue.getJobCounts(...states)
    const of = (state: (typeof states)[number]) => counts[state] ?? 0
    return {
      queued: of('waiting') + of('prioritized'),
      delayed: of('delayed'),
      running: of('active'),
      dead: of('failed'),
    }
  }

  async dead(limit: number): Promise<readonly DeadStoredJob[]> {
    if (limit === 0) return []
    const jobs = await this.#queue.getJobs(['failed'], 0, limit - 1, true)
    return jobs.map(({ data: { death = null, ...job }, attemptsMade, finishedOn }) => {
      return { job, attempts: job.failures + attemptsMade, diedAt: finishedOn ?? 0, death }
    })
  }

  async retryDead(id: string): Promise<boolean> {
    const job = await this.#failed(id)
    if (job === null) return false
    const { death: _, ...stored } = job.data
    await job.updateData({ ...stored, failures: 0 })
    await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true })
    return true
  }

  async discardDead(id: string): Promise<boolean> {
    const job = await this.#failed(id)
    await job?.remove()
    return job !== null
  }

  trouble(): string | null {
    const status = this.#status()
    return status === 'ready' ? null : this.#lastOutage?.message || `the connection is in state "${status}"`
  }

  async #connect(deadline: AbortSignal): Promise<void> {
    const given = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(this.#lastOutage ?? new Error('Redis does not answer'))
      deadline.addEventListener('abort', giveUp, { once: true })
    })
    await Promise.race([Promise.all([this.#queue.waitUntilReady(), this.#worker.waitUntilReady()]), given])
    const client = await this.#queue.getBackend().client
    this.#status = () => client.status
  }

  async #disconnect(): Promise<void> {
    await Promise.allSettled([this.#worker.close(true), this.#queue.getBackend().close(true)])
  }

  async #hangUp(): Promise<void> {
    if (this.#isOurs) await Promise.allSettled([this.#worker.disconnect(), this.#queue.disconnect()])
  }

  async #process(job: Job<Kept>, token: string): Promise<void> {
    const outcome = await this.#world.run(job.data, job.data.failures + job.attemptsMade)
    if (outcome.end !== 'done') await this.#settle(job, token, outcome)
  }

  /** Always throws: BullMQ learns by errors what is to become of a job. */
  async #settle(job: Job<Kept>, token: string, outcome: Exclude<Outcome, { end: 'done' }>): Promise<never> {
    const delayMs = outcome.end === 'dead' ? 0 : Math.max(0, outcome.runAt - this.#world.clock.now())
    if (outcome.end === 'retry') {
      // Whether there is another attempt was decided by the task; BullMQ's own count must not object.
      job.opts.attempts = job.attemptsMade + 2
      throw new Postponed(outcome.error, delayMs)
    }
    if (outcome.end === 'dead') {
      await job.updateData({ ...job.data, death: outcome.death })
      throw new this.#bullmq.UnrecoverableError(outcome.death.error.message)
    }
    if (delayMs > 0) {
      await job.moveToDelayed(outcome.runAt, token)
      throw new this.#bullmq.DelayedError()
    }
    await job.moveToWait(token)
    throw new this.#bullmq.WaitingError()
  }

  async #failed(id: string): Promise<Job<Kept> | null> {
    const job = await this.#queue.getJob(keyOf(id))
    return job !== undefined && (await job.isFailed()) ? job : null
  }

  #reportCrashed(job: Job<Kept>): void {
    const { id, task } = job.data
    const facts = { job: id, task, crashes: stallsAllowed + 1 }
    this.#world.logger.error({ job: id, task, reason: 'crashed' }, 'job is dead')
    this.#world.errors.report(new CrashedJobError(facts), facts)
  }

  /** A connection that is lost says so with every attempt to get it back: once is enough. */
  #complain(error: Error): void {
    if (this.#status() !== 'ready') this.#lastOutage = error
    if (this.#lastError?.message === error.message) return
    this.#lastError = error
    this.#world.logger.error({ err: error, engine: 'BullMQ' }, 'BullMQ reports an error')
  }
}

/** What an attempt failed with, and when BullMQ is to hand the job out again. */
class Postponed extends Error {
  readonly delayMs: number

  constructor(error: unknown, delayMs: number) {
    super(error instanceof Error ? error.message : String(error), { cause: error })
    if (error instanceof Error && error.stack !== undefined) this.stack = error.stack
    this.delayMs = delayMs
  }
}

function isClient(connection: object): boolean {
  return typeof (connection as { disconnect?: unknown }).disconnect === 'function'
}

/** BullMQ reserves the colon. */
function keyOf(id: string): string {
  return id.replaceAll(':', '.')
}
