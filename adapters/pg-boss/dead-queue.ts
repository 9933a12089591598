/** The queue that nobody works on: dead jobs, oldest first, at most `limit`. */
import type { DeadStoredJob, Death, StoredJob } from '../../src/deferred'
import type { Database, Executor } from './database'
import { type Kept, keptUntil, rowId } from './kept'

/** What is used of pg-boss here. */
interface Queues {
  createQueue(name: string, options: { name: string }): Promise<void>
  insert(
    jobs: { id: string; name: string; data: object; keepUntil: string }[],
    options: { db: Executor },
  ): Promise<void>
}

export interface DeadQueueParts {
  readonly boss: Queues
  readonly database: Database
  readonly schema: string
  /** Whose dead are kept. */
  readonly queue: string
  readonly limit: number
}

interface Row {
  readonly id: string
  readonly data: Kept
  readonly created_on: Date
}

const crashed: Death = {
  reason: 'crashed',
  error: { name: 'CrashedJobError', message: 'The processes that ran it went silent.', stack: null },
}

export class DeadQueue {
  readonly name: string
  readonly #parts: DeadQueueParts
  readonly #table: string

  constructor(parts: DeadQueueParts) {
    this.#parts = parts
    this.name = `${parts.queue}-dead`
    this.#table = `${parts.schema}.job`
  }

  async create(): Promise<void> {
    await this.#parts.boss.createQueue(this.name, { name: this.name })
  }

  async add(job: Kept, db: Executor): Promise<void> {
    const keepUntil = keptUntil(job.runAt)
    await this.#parts.boss.insert([{ id: rowId(job.id), name: this.name, data: job, keepUntil }], { db })
  }

  async size(): Promise<number> {
    const { rows } = await this.#parts.database.executeSql(
      `SELECT count(*) AS size FROM ${this.#table} WHERE name = $1 AND state = 'created'`,
      [this.name],
    )
    return Number(rows[0].size)
  }

  async list(limit: number): Promise<DeadStoredJob[]> {
    const { rows } = await this.#parts.database.executeSql(
      `SELECT data, created_on FROM ${this.#table}
        WHERE name = $1 AND state = 'created' ORDER BY created_on, id LIMIT $2`,
      [this.name, limit],
    )
    return rows.map(({ data, created_on }: Row) => {
      const { death = null, ...job } = data
      return { job, attempts: job.failures, diedAt: created_on.getTime(), death }
    })
  }

  /** Removes a job and, if asked to, does something with it in the same transaction. `false` = it is not here. */
  take(id: string, use: ((job: Kept, db: Executor) => Promise<void>) | null): Promise<boolean> {
    return this.#parts.database.transact(async (db) => {
      const { rows } = await db.executeSql(
        `DELETE FROM ${this.#table} WHERE name = $1 AND state = 'created' AND data->>'id' = $2 RETURNING data`,
        [this.name, id],
      )
      const [row] = rows as Pick<Row, 'data'>[]
      if (row === undefined) return false
      const { death: _, ...job } = row.data
      await use?.({ ...job, failures: 0, runAt: 0 }, db)
      return true
    })
  }

  /** Forgets what is too much; answers the jobs that pg-boss itself put here since, each to one process. */
  async tidy(): Promise<readonly StoredJob[]> {
    const { database, limit } = this.#parts
    await database.executeSql(
      `DELETE FROM ${this.#table} WHERE name = $1 AND id IN
        (SELECT id FROM ${this.#table} WHERE name = $1 ORDER BY created_on DESC, id OFFSET $2)`,
      [this.name, limit],
    )
    const { rows } = await database.executeSql(
      `UPDATE ${this.#table} SET data = data || jsonb_build_object('death', $2::jsonb)
        WHERE name = $1 AND NOT data ? 'death' RETURNING data`,
      [this.name, JSON.stringify(crashed)],
    )
    return rows.map(({ data }: Row) => data)
  }
}
