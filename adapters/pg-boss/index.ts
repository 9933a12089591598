/**
 * pg-boss: jobs in PostgreSQL, for the machines that share it, through pg-boss. At least once, as the log; an
 * enqueue can be part of the caller's own transaction, and then the job exists exactly when that commits.
 */
import type { EngineKind } from '../../src/deferred'
import { resolveOptions } from '../../src/kernel'
import { PgBossEngine } from './engine'
import { type PgBossOptions, pgBossOptions } from './options'

export type { PgBossOptions } from './options'

/**
 * The engine for `createRage({ deferred: { engine: pgBoss({ connection: { connectionString } }) } })`. Needs the
 * packages `pg-boss` (10) and `pg`, which are loaded at boot.
 *
 * @throws UnknownOptionError, InvalidOptionError. Boot rejects with MissingPackageError or EngineUnavailableError.
 */
export function pgBoss(options?: PgBossOptions): EngineKind {
  const settings = resolveOptions(pgBossOptions, options, 'pgBoss')
  return {
    name: 'pg-boss',
    transactions: {
      expects: 'a client of pg inside a transaction, or an object with query(sql, values)',
      accepts: (value) => typeof (value as { query?: unknown } | null)?.query === 'function',
    },
    open: (world, deadline) => PgBossEngine.open(settings, world, deadline),
  }
}
