/**
 * The port for engines: queues of others (Redis, PostgreSQL) that keep jobs for several machines. An engine stores
 * what it is given, hands each job to one process at a time, notices processes that died, and keeps the dead.
 * Everything a task means (context, timeout, `retryIn`, what is logged and reported) happens here, so that it is the
 * same on every engine:
 *
 *     engine ── run(job, failures) ──► attempt ── Outcome ──► engine stores it
 *
 * Without an engine, jobs live in the log of this process; see worker.ts.
 */
import type { Clock } from '../kernel'
import type { Logger } from '../logger'
import type { ErrorReports } from '../telemetry'
import type { Death } from './job-record'

/** A job as engines keep it, version 1. Arguments and context are JSON texts, which no engine needs to look into. */
export interface StoredJob {
  readonly v: 1
  readonly id: string
  readonly task: string
  /** Empty when the task takes none. */
  readonly args: string
  readonly context: string
  /** The next attempt begins no earlier; epoch milliseconds. */
  readonly runAt: number
  /** Attempts that failed before it was stored here: in the log that it was moved from. */
  readonly failures: number
  /** The smallest first, -1,000 to 1,000. */
  readonly priority: number
}

/** What became of an attempt, for the engine to store. */
export type Outcome =
  | { readonly end: 'done' }
  /** Attempted again at `runAt`, as one that has failed once more. */
  | { readonly end: 'retry'; readonly runAt: number; readonly error: unknown }
  | { readonly end: 'dead'; readonly death: Death; readonly error: unknown }
  /** Nothing is charged to it: handed out again at `runAt`. */
  | { readonly end: 'released'; readonly runAt: number }

/** What an engine is given at boot. */
export interface EngineWorld {
  readonly clock: Clock
  readonly logger: Logger
  readonly errors: ErrorReports
  /** Jobs running at once in this process. */
  readonly concurrency: number
  /** Dead jobs to keep. */
  readonly deadLimit: number
  /**
   * Makes the next attempt of a job. Never rejects.
   *
   * @param failures attempts that failed before.
   */
  readonly run: (job: StoredJob, failures: number) => Promise<Outcome>
}

/** How many jobs are where, on all machines together. */
export interface EngineCounts {
  readonly queued: number
  readonly delayed: number
  readonly running: number
  readonly dead: number
}

/** A dead job as engines keep it. */
export interface DeadStoredJob {
  readonly job: StoredJob
  /** Attempts that failed. */
  readonly attempts: number
  /** Epoch milliseconds. */
  readonly diedAt: number
  /** `null` = the engine itself gave it up: it took several processes down. */
  readonly death: Death | null
}

/** An engine that is open. */
export interface Engine {
  /**
   * Stores jobs, all or none; one whose id is there already is left as it is.
   *
   * @param transaction the caller's, for kinds that take part in it, else `null`.
   */
  add(jobs: readonly StoredJob[], transaction: object | null): Promise<void>
  /** Begins to hand out jobs. */
  serve(): void
  /** Hands out nothing any more; what was handed out is not waited for. */
  pause(): Promise<void>
  /** Stores the outcomes that are there, then lets go of everything. */
  close(): Promise<void>
  counts(): Promise<EngineCounts>
  /** Oldest death first, at most `limit`. */
  dead(limit: number): Promise<readonly DeadStoredJob[]>
  /** A dead job becomes a new one; `false` = there is none of that id. */
  retryDead(id: string): Promise<boolean>
  /** Forgets a dead job; `false` = there is none of that id. */
  discardDead(id: string): Promise<boolean>
  /** `null` while the server answers, else why not. */
  trouble(): string | null
}

/** A kind of engine, ready to be opened: the value of the option `deferred.engine`. */
export interface EngineKind {
  /** As it is named in messages, such as `BullMQ`. */
  readonly name: string
  /** Whether `enqueue` can be part of the caller's transaction, and if so, what it must be. */
  readonly transactions: { readonly expects: string; readonly accepts: (value: unknown) => boolean } | null
  /**
   * Connects, and makes what is missing on the server. Rejects with what the server or the network says, at the
   * latest when `deadline` aborts, and then keeps nothing open.
   */
  open(world: EngineWorld, deadline: AbortSignal): Promise<Engine>
}
