/**
 * `rage jobs move`: the jobs of a stopped process's log to an engine. A job leaves the log only after the engine has
 * it, and has the same name there however often it is added: whatever interrupts the move, running it again goes on,
 * nothing is lost, and nothing is there twice.
 */
import { bullmq } from '../../adapters/bullmq'
import { pgBoss } from '../../adapters/pg-boss'
import type { Engine, EngineKind, RestingJob } from '../deferred'
import { systemClock } from '../kernel'
import { createLoggers } from '../logger'
import { ErrorReports } from '../telemetry'
import { UsageError } from './errors'
import type { StoppedJobs } from './stopped-jobs'

export interface Destination {
  readonly to: string
  /** Address of the server; `null` = the engine's default. */
  readonly connection: string | null
  readonly queue: string | null
  /** `prefix` of BullMQ, `schema` of pg-boss; `null` = the engine's default. */
  readonly prefix: string | null
  readonly schema: string | null
}

export interface Moved {
  readonly moved: number
  /** How many jobs stay in the log, by reason. */
  readonly staying: Readonly<Record<string, number>>
  /** Those jobs, and why. */
  readonly stayed: readonly { readonly id: string; readonly task: string; readonly reason: string }[]
  /** Entries that are no jobs, or that this version cannot read; they stay too. */
  readonly others: number
}

/** Moved before they leave the log: few, or a crash leaves many to be added again; many, or each waits for the disk. */
const atOnce = 500
const openMs = 5_000

export async function moveJobs({ jobs }: StoppedJobs, destination: Destination): Promise<Moved> {
  const moving = jobs.jobs.filter(({ stays }) => stays === null)
  const staying = jobs.jobs.filter(({ stays }) => stays !== null)
  const engine = await openEngine(engineFor(destination))
  try {
    for (let start = 0; start < moving.length; start += atOnce) {
      const batch: readonly RestingJob[] = moving.slice(start, start + atOnce)
      await engine.add(
        batch.map(({ stored }) => stored),
        null,
      )
      await jobs.forget(batch)
    }
  } finally {
    await engine.close()
  }
  const reasons: Record<string, number> = {}
  for (const { stays } of staying) reasons[stays!] = (reasons[stays!] ?? 0) + 1
  return {
    moved: moving.length,
    staying: reasons,
    stayed: staying.map(({ id, task, stays }) => ({ id, task, reason: stays! })),
    others: jobs.others + jobs.unreadable,
  }
}

/** @throws UsageError, InvalidOptionError */
export function engineFor({ to, connection, queue, prefix, schema }: Destination): EngineKind {
  const named = queue === null ? {} : { queue }
  if (to === 'bullmq') {
    const server = connection === null ? {} : { connection: { url: connection } }
    return bullmq({ ...server, ...named, ...(prefix === null ? {} : { prefix }) })
  }
  if (to === 'pg-boss') {
    const server = connection === null ? {} : { connection: { connectionString: connection } }
    return pgBoss({ ...server, ...named, ...(schema === null ? {} : { schema }) })
  }
  throw new UsageError({ problem: `--to must be "bullmq" or "pg-boss", got "${to}"` })
}

function openEngine(kind: EngineKind): Promise<Engine> {
  const { logger } = createLoggers({ level: 'silent', format: 'json', destination: null })
  const world = {
    clock: systemClock,
    logger,
    errors: new ErrorReports(logger),
    concurrency: 1,
    deadLimit: 10_000,
    // Never served, so nothing is ever handed out.
    run: () => Promise.reject(new Error('jobs are not run here')),
  }
  return kind.open(world, AbortSignal.timeout(openMs))
}
