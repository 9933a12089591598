/**
 * The connections to PostgreSQL: pg-boss's own statements, ours, and transactions of ours. Seam for `pg`. Knows
 * whether the server answered last.
 */
import type { Pool } from 'pg'
import { loadPeer } from '../../src/kernel'

/** Anything that runs a statement: a pool, a client, a transaction of the application. */
export interface Querying {
  query(sql: string, values?: unknown[]): Promise<{ rows: Row[] } | Row[]>
}

/** What pg-boss calls for each statement. */
export interface Executor {
  executeSql(sql: string, values: unknown[]): Promise<{ rows: Row[] }>
}

// biome-ignore lint/suspicious/noExplicitAny: as pg-boss declares it
type Row = any

const connectMs = 5_000
/** Longer than a statement is locked out; its caller has given up before. */
const statementMs = 35_000
/** Queues are tables of one parent: processes that make theirs at the same time can wait for each other. */
const deadlockDetected = '40P01'
const attemptsAtMost = 5

export class Database implements Executor {
  /** Why the last statement could not be made; `null` = it could. */
  trouble: string | null = null
  readonly #pool: Pool
  readonly #isOurs: boolean

  /** @param connection options of a pool, or a pool. */
  constructor(connection: object) {
    this.#isOurs = typeof (connection as Partial<Pool>).connect !== 'function'
    if (!this.#isOurs) {
      this.#pool = connection as Pool
      return
    }
    const pg = loadPeer('pgBoss()', 'pg-boss@10 pg', () => require('pg') as typeof import('pg'))
    this.#pool = new pg.Pool({
      application_name: 'rage-js',
      connectionTimeoutMillis: connectMs,
      query_timeout: statementMs,
      keepAlive: true,
      ...connection,
    })
    // Of connections that rest in the pool; without a listener they would end the process.
    this.#pool.on('error', (error) => this.#note(error))
  }

  /** One statement, which has happened or not: one that PostgreSQL ended to untie a deadlock is made again. */
  async executeSql(sql: string, values: unknown[]): Promise<{ rows: Row[] }> {
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.#pool.query(sql, values)
        this.trouble = null
        return result
      } catch (error) {
        this.#note(error)
        if ((error as { code?: string }).code !== deadlockDetected || attempt === attemptsAtMost) throw error
      }
    }
  }

  /** Everything `work` does through the executor it gets happens, or nothing. */
  async transact<T>(work: (executor: Executor) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    let broken = true
    try {
      await client.query('BEGIN')
      const result = await work(executorOf(client))
      await client.query('COMMIT')
      broken = false
      return result
    } finally {
      // A connection with an open transaction must not go back to the pool.
      client.release(broken)
    }
  }

  async close(): Promise<void> {
    if (this.#isOurs) await this.#pool.end()
  }

  #note(error: unknown): void {
    if (isAnswer(error)) return
    const { code, message } = error as { code?: string; message?: string }
    this.trouble = message || code || String(error)
  }
}

/** PostgreSQL itself says that it will not do this; anything else is about reaching it. */
export function isAnswer(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^(?!08|53|57P)[0-9A-Z]{5}$/.test(code)
}

/** It will say so as often as it is asked: the text cannot be stored. */
export function isAboutContent(error: unknown): boolean {
  return isAnswer(error) && (error as { code: string }).code.startsWith('22')
}

export function executorOf(querying: Querying): Executor {
  return {
    async executeSql(sql, values) {
      const result = await querying.query(sql, values)
      // TypeORM and others answer the rows alone.
      return Array.isArray(result) ? { rows: result } : result
    },
  }
}
