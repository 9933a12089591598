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
} from '../../src/deferred'
import { loadPeer, type Resolved, type Timer } from '../../src/kernel'
import { Database, type Executor, executorOf, type Querying } from './database'
import { DeadQueue } from './dead-queue'
import { type Kept, keptUntil, rowId } from './kept'
import type { PgBossOptions } from './options'

/** Times a silent process is forgiven. */
const crashesAllowed = 2

export class PgBossEngine implements Engine {
  readonly #settings: Resolved<PgBossOptions>
  readonly #world: EngineWorld
  readonly #database: Database
  readonly #boss: PgBoss
  readonly #deadQueue: DeadQueue
  /** Rows that run in this process. */
  readonly #active = new Set<string>()
  readonly #settling = new Set<Promise<void>>()
  #isServing = false
  #looking: Promise<void> | null = null
  #lookAgain = false
  #poll: Timer | null = null
  #lease: Timer | null = null

  private constructor(settings: Resolved<PgBossOptions>, world: EngineWorld) {
    const { schema, queue, connection } = settings
    this.#settings = settings
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
    const executor = transaction === null ? this.#database : executorOf(transaction as Querying)
    await this.#insert(jobs, executor)
    if (transaction === null) this.#look()
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
    this.#lease?.cancel()
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
    const { queue, takeOverMs } = this.#settings
    await this.#boss.start()
    await this.#deadQueue.create()
    await this.#boss.createQueue(queue, {
      name: queue,
      retryLimit: crashesAllowed,
      retryDelay: 0,
      expireInSeconds: Math.ceil(takeOverMs / 1_000),
      deadLetter: this.#deadQueue.name,
    })
  }

  async #insert(jobs: readonly Kept[], executor: Executor): Promise<void> {
    const { queue, takeOverMs } = this.#settings
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
        expireInSeconds: Math.ceil(takeOverMs / 1_000),
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
    for (const { id, data } of rows) this.#handOut(id, data)
    return rows.length === room && this.#active.size < this.#world.concurrency
  }

  #handOut(row: string, job: Kept): void {
    this.#active.add(row)
    const settled = this.#world
      .run(job, job.failures)
      .then((outcome) => this.#settle(row, job, outcome))
      .finally(() => {
        this.#active.delete(row)
        this.#settling.delete(settled)
        this.#look()
      })
    this.#settling.add(settled)
  }

  /** Tried until the server takes it, or we end: then the job's time runs out and it runs once more. */
  async #settle(row: string, job: Kept, outcome: Outcome): Promise<void> {
    for (;;) {
      try {
        return await this.#store(row, job, outcome)
      } catch (error) {
        this.#world.logger.error({ err: error, job: job.id, engine: 'pg-boss' }, 'pg-boss reports an error')
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
    const { takeOverMs, schema, queue } = this.#settings
    this.#lease = this.#world.clock.after(takeOverMs / 3, async () => {
      try {
        if (this.#active.size > 0) {
          await this.#database.executeSql(
            `UPDATE ${schema}.job SET started_on = now()
              WHERE name = $1 AND id = ANY($2::uuid[]) AND state = 'active'`,
            [queue, [...this.#active]],
          )
        }
        await this.#boss.expire()
        for (const { id, task } of await this.#deadQueue.tidy()) {
          const facts = { job: id, task, crashes: crashesAllowed + 1 }
          this.#world.logger.error({ job: id, task, reason: 'crashed' }, 'job is dead')
          this.#world.errors.report(new CrashedJobError(facts), facts)
        }
      } catch (error) {
        this.#world.logger.warn({ err: error, engine: 'pg-boss' }, 'pg-boss reports an error')
      }
      if (this.#isServing || this.#active.size > 0) this.#renewLeases()
    })
  }
}

function silenceUntil(deadline: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(new Error('PostgreSQL does not answer'))
    deadline.addEventListener('abort', giveUp, { once: true })
  })
}
