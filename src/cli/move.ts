/**
 * `rage jobs move`: the jobs of a stopped process's log to an engine. A job leaves the log only after the engine has
 * it, and has the same name there however often it is added: whatever interrupts the move, running it again goes on,
 * nothing is lost, and nothing is there twice.
 */
import { bullmq } from '../../adapters/bullmq'
import { pgBoss } from '../../adapters/pg-boss'
import { type EngineKind, EngineServer, type RestingJob } from '../deferred'
import { systemClock } from '../kernel'
import { createLoggers } from '../logger'
import { ErrorReports } from '../telemetry'
import { StorageFullError } from '../wal'
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
/** Of their arguments: engines make one text of them all. */
const bytesAtOnce = 8 * 1_048_576
/** For that much, over a slow line. */
const answerMs = 30_000

/** On a full disk, not all of it is written down when it resolves. @throws UsageError, InvalidOptionError, EngineUnavailableError */
export async function moveJobs({ jobs }: StoppedJobs, destination: Destination): Promise<Moved> {
  const moving = jobs.jobs.filter(({ stays }) => stays === null)
  const staying = jobs.jobs.filter(({ stays }) => stays !== null)
  const server = await openServer(engineFor(destination))
  try {
    for (const batch of batchesOf(moving)) {
      const stored = batch.map((job) => job.stored)
      await server.add(stored, null)
      await jobs.forget(batch).catch(unlessFull)
    }
  } finally {
    // What was moved is acknowledged, and an error of the move must not be hidden by one of its end.
    await server.close().catch(() => undefined)
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

/** The log writes it as soon as it has room, and may get that from what is moved next. */
function unlessFull(error: unknown): void {
  if (!(error instanceof StorageFullError)) throw error
}

/** @throws UsageError, InvalidOptionError */
export function engineFor({ to, connection, queue, prefix, schema }: Destination): EngineKind {
  const named = queue === null ? {} : { queue }
  if (to === 'bullmq') {
    if (schema !== null) throw new UsageError({ problem: '--schema is for --to pg-boss' })
    const server = connection === null ? {} : { connection: { url: connection } }
    return bullmq({ ...server, ...named, ...(prefix === null ? {} : { prefix }) })
  }
  if (to === 'pg-boss') {
    if (prefix !== null) throw new UsageError({ problem: '--prefix is for --to bullmq' })
    const server = connection === null ? {} : { connection: { connectionString: connection } }
    return pgBoss({ ...server, ...named, ...(schema === null ? {} : { schema }) })
  }
  throw new UsageError({ problem: `--to must be "bullmq" or "pg-boss", got "${to}"` })
}

function* batchesOf(jobs: readonly RestingJob[]): Generator<readonly RestingJob[]> {
  let start = 0
  let bytes = 0
  for (const [index, { args }] of jobs.entries()) {
    if (index > start && (index - start === atOnce || bytes + args.length > bytesAtOnce)) {
      yield jobs.slice(start, index)
      start = index
      bytes = 0
    }
    bytes += args.length
  }
  if (start < jobs.length) yield jobs.slice(start)
}

/** @throws EngineUnavailableError, MissingPackageError */
async function openServer(kind: EngineKind): Promise<EngineServer> {
  const { logger } = createLoggers({ level: 'silent', format: 'json', destination: null })
  const server = new EngineServer(kind, systemClock, answerMs)
  await server.open({
    clock: systemClock,
    logger,
    errors: new ErrorReports(logger),
    concurrency: 1,
    deadLimit: 10_000,
    // Never served, so nothing is ever handed out.
    run: () => Promise.reject(new Error('jobs are not run here')),
  })
  return server
}
