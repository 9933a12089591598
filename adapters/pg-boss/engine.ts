/**
 * One pg-boss queue for jobs and one for the dead. Seam for `pg-boss`; we fetch by ourselves, as many as there is room
 * for, so that no slow job holds up others of its batch.
 *
 *   created ─► active ─► completed             pg-boss archives it
 *                 ├────► created, failures + 1  retry, by our `retryIn` in place of pg-boss's backoff
 *                 ├────► created                released, attempt not counted
 *                 ├────► <queue>-dead           dead
 *                 └────► retry                  its process went silent; the third time: <queue>-dead
 *
 * pg-boss 10 knows a job's process is dead by the time it was fetched alone. So jobs expire soon, and while they run we
 * move that time forward: the one place, with listing and counting, where its table is used directly.
 */
import type PgBoss from 'pg-boss'
import {
  CrashedJobError,
  type DeadStoredJob,
  type Engine,
  type EngineCounts,
  type EngineWorld,
  type Outcome,
  type StoredJob,
  TransactionFailedError,
} from '../../src/deferred'
import { loadPeer, type Resolved, type Timer } from '../../src/kernel'
import { Database, type Executor, executorOf, isAboutContent, isAnswer, type Querying } from './database'
import { DeadQueue } from './dead-queue'
import { type Kept, keptUntil, rowId } from './kept'
import type { PgBossOptions } from './options'

/** Times a silent process is forgiven. */
const crashesAllowed = 2

export class PgBossEngine implements Engine {
  readonly #settings: Resolved<PgBossOptions>
  readonly #world: EngineWorld
  /** `takeOverMs`, as pg-boss takes it. */
  readonly #leaseSeconds: number
  readonly #database: Database
  readonly #boss: PgBoss
  readonly #deadQueue: DeadQueue
  /** Rows that run in this process, with what was fetched. */
  readonly #active = new Map<string, Kept>()
  readonly #settling = new Set<Promise<void>>()
  #isServing = false
  #looking: Promise<void> | null = null
  #lookAgain = false
  #poll: Timer | null = null
  #renewal: Timer | null = null

  private constructor(settings: Resolved<PgBossOptions>, world: EngineWorld) {
    const { schema, queue, connection, takeOverMs } = settings
    this.#settings = settings
    this.#leaseSeconds = Math.ceil(takeOverMs / 1_000)
    this.#world = world
    this.#database = new Database(connection)
    const Boss = loadPeer('pgBoss()', 'pg-boss@10 pg', () => require('pg-boss') as typeof PgBoss)
    this.#boss = new Boss({ db: this.#database, schema, schedule: false })
    this.#boss.on('error', (error) => world.errors.report(error))
    this.#deadQueue = new DeadQueue({
      boss: this.#boss,
      database: this.#database,
      schema,
      queue,
      limit: world.deadLimit,
    })
  }

  static async open(
    settings: Resolved<PgBossOptions>,
    world: EngineWorld,
    deadline: AbortSignal,
  ): Promise<PgBossEngine> {
    const engine = new PgBossEngine(settings, world)
    try {
      await Promise.race([engine.#prepare(), silenceUntil(deadline)])
      return engine
    } catch (error) {
      await engine.close()
      throw error
    }
  }

  async add(jobs: readonly StoredJob[], transaction: object | null): Promise<void> {
    if (transaction !== null) return this.#insertIn(executorOf(transaction as Querying), jobs)
    await this.#insert(jobs, this.#database)
    this.#look()
  }

  serve(): void {
    this.#isServing = true
    this.#look()
    this.#renewLeases()
  }

  async pause(): Promise<void> {
    this.#isServing = false
    this.#poll?.cancel()
    await this.#looking
  }

  async close(): Promise<void> {
    this.#isServing = false
    this.#poll?.cancel()
    await this.#looking
    await Promise.allSettled(this.#settling)
    this.#renewal?.cancel()
    await this.#boss.stop({ graceful: false })
    await this.#database.close()
  }

  async counts(): Promise<EngineCounts> {
    const { schema, queue } = this.#settings
    const { rows } = await this.#database.executeSql(
      `SELECT count(*) FILTER (WHERE state < 'active' AND start_after <= now()) AS queued,
              count(*) FILTER (WHERE state < 'active' AND start_after > now()) AS delayed,
              count(*) FILTER (WHERE state = 'active') AS running
         FROM ${schema}.job WHERE name = $1`,
      [queue],
    )
    const [{ queued, delayed, running }] = rows
    return {
      queued: Number(queued),
      delayed: Number(delayed),
      running: Number(running),
      dead: await this.#deadQueue.size(),
    }
  }

  dead(limit: number): Promise<readonly DeadStoredJob[]> {
    return this.#deadQueue.list(limit)
  }

  async retryDead(id: string): Promise<boolean> {
    const job = await this.#deadQueue.take(id, (one, executor) => this.#insert([one], executor))
    if (job) this.#look()
    return job
  }

  discardDead(id: string): Promise<boolean> {
    return this.#deadQueue.take(id, null)
  }

  trouble(): string | null {
    return this.#database.trouble
  }

  async #prepare(): Promise<void> {
    const { queue } = this.#settings
    await this.#boss.start()
    await this.#deadQueue.create()
    await this.#boss.createQueue(queue, {
      name: queue,
      retryLimit: crashesAllowed,
      retryDelay: 0,
      expireInSeconds: this.#leaseSeconds,
      deadLetter: this.#deadQueue.name,
    })
  }

  /** @param transaction the caller's. @throws TransactionFailedError */
  async #insertIn(transaction: Executor, jobs: readonly StoredJob[]): Promise<void> {
    try {
      await this.#insert(jobs, transaction)
    } catch (cause) {
      if (!isAnswer(cause)) throw cause
      throw new TransactionFailedError({ engine: 'pg-boss', reason: (cause as Error).message }, { cause })
    }
  }

  async #insert(jobs: readonly Kept[], executor: Executor): Promise<void> {
    const { queue } = this.#settings
    const now = this.#world.clock.now()
    await this.#boss.insert(
      jobs.map((job) => ({
        id: rowId(job.id),
        name: queue,
        data: job,
        priority: -job.priority,
        // The server's clock decides, also when ours is ahead of it.
        startAfter: job.runAt <= now ? '0' : new Date(job.runAt).toISOString(),
        retryLimit: crashesAllowed,
        expireInSeconds: this.#leaseSeconds,
        deadLetter: this.#deadQueue.name,
        keepUntil: keptUntil(job.runAt),
      })),
      { db: executor },
    )
  }

  /** Fetches what there is room for; one look at a time. */
  #look(): void {
    if (!this.#isServing) return
    if (this.#looking !== null) {
      this.#lookAgain = true
      return
    }
    this.#poll?.cancel()
    this.#looking = this.#fetch().then((wantsMore) => {
      this.#looking = null
      if (!this.#isServing) return
      if (wantsMore || this.#lookAgain) {
        this.#lookAgain = false
        setImmediate(() => this.#look())
      } else this.#poll = this.#world.clock.after(this.#settings.pollMs, () => this.#look())
    })
  }

  /** Whether it is worth looking again at once. Never rejects: pg-boss answers nothing when the server does not. */
  async #fetch(): Promise<boolean> {
    const room = this.#world.concurrency - this.#active.size
    if (room <= 0) return false
    const rows = await this.#boss.fetch<Kept>(this.#settings.queue, { batchSize: room })
    // Those who enqueued them may have had another `takeOverMs`; how long we may be silent is for us to say.
    const others = rows.filter(({ expireInSeconds }) => Number(expireInSeconds) !== this.#leaseSeconds)
    if (others.length > 0)
      await this.#lease(others.map(({ id }) => id)).catch((error: unknown) => this.#warn(error))
    for (const { id, data } of rows) this.#handOut(id, data)
    return rows.length === room && this.#active.size < this.#world.concurrency
  }

  #handOut(row: string, job: Kept): void {
    const here = this.#active.get(row)
    // Taken over from ourselves: its attempt goes on here. One that is being settled may be back already, as another.
    if (here?.failures === job.failures && here.runAt === job.runAt) return
    this.#active.set(row, job)
    const settled = this.#world
      .run(job, job.failures)
      .then((outcome) => this.#settle(row, job, outcome))
      .finally(() => {
        if (this.#active.get(row) === job) this.#active.delete(row)
        this.#settling.delete(settled)
        this.#look()
      })
    this.#settling.add(settled)
  }

  /** Tried until the server takes it, or we end: then the job's time runs out and it runs once more. */
  async #settle(row: string, job: Kept, outcome: Outcome): Promise<void> {
    let refused: Outcome | null = null
    for (;;) {
      try {
        return await this.#store(row, job, refused ?? outcome)
      } catch (error) {
        this.#world.logger.error({ err: error, job: job.id, engine: 'pg-boss' }, 'pg-boss reports an error')
        if (isAboutContent(error)) {
          if (refused !== null) return
          refused = plainDeath(outcome, error)
          continue
        }
        if (!this.#isServing) return
        await new Promise<void>((resolve) => this.#world.clock.after(this.#settings.pollMs, resolve))
      }
    }
  }

  async #store(row: string, job: Kept, outcome: Outcome): Promise<void> {
    const { queue } = this.#settings
    if (outcome.end === 'done') {
      await this.#boss.complete(queue, row)
      return
    }
    const failures = outcome.end === 'released' ? job.failures : job.failures + 1
    await this.#database.transact(async (db) => {
      // pg-boss's types do not show what it answers.
      const { affected } = (await this.#boss.deleteJob(queue, row, { db })) as unknown as { affected: number }
      if (affected === 0) return
      if (outcome.end === 'dead') await this.#deadQueue.add({ ...job, failures, death: outcome.death }, db)
      else await this.#insert([{ ...job, failures, runAt: outcome.runAt }], db)
    })
  }

  /** Says that we are alive, then looks for those who are not. */
  #renewLeases(): void {
    this.#renewal = this.#world.clock.after(this.#settings.takeOverMs / 3, async () => {
      try {
        if (this.#active.size > 0) await this.#lease([...this.#active.keys()])
        await this.#boss.expire()
        for (const { id, task } of await this.#deadQueue.tidy()) {
          const facts = { job: id, task, crashes: crashesAllowed + 1 }
          this.#world.logger.error({ job: id, task, reason: 'crashed' }, 'job is dead')
          this.#world.errors.report(new CrashedJobError(facts), facts)
        }
      } catch (error) {
        this.#warn(error)
      }
      if (this.#isServing || this.#active.size > 0) this.#renewLeases()
    })
  }

  /** From now on they are ours until we were silent for `takeOverMs`. */
  async #lease(rows: readonly string[]): Promise<void> {
    const { schema, queue } = this.#settings
    await this.#database.executeSql(
      `UPDATE ${schema}.job SET started_on = now(), expire_in = $3::int * interval '1 second'
        WHERE name = $1 AND id = ANY($2::uuid[]) AND state = 'active'`,
      [queue, rows, this.#leaseSeconds],
    )
  }

  #warn(error: unknown): void {
    this.#world.logger.warn({ err: error, engine: 'pg-boss' }, 'pg-boss reports an error')
  }
}

/** What is left to say of a job whose end cannot be stored as it was. */
function plainDeath(outcome: Outcome, error: unknown): Outcome {
  const reason = outcome.end === 'dead' ? outcome.death.reason : 'stopped'
  const message = `PostgreSQL cannot store how it ended: ${(error as Error).message}`
  return { end: 'dead', death: { reason, error: { name: 'Error', message, stack: null } }, error }
}

function silenceUntil(deadline: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(new Error('PostgreSQL does not answer'))
    deadline.addEventListener('abort', giveUp, { once: true })
  })
}
