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
      expects: 'a client of pg inside a transaction, or an object with query(sql, values); not the pool',
      accepts: isClient,
    },
    open: (world, deadline) => PgBossEngine.open(settings, world, deadline),
  }
}

/** A pool would run it on a connection of its own, outside the transaction. */
function isClient(value: unknown): boolean {
  const { query, totalCount } = (value ?? {}) as { query?: unknown; totalCount?: unknown }
  return typeof query === 'function' && typeof totalCount !== 'number'
}
