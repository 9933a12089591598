/** Options of background jobs, with their defaults and checks. */
import { anyValue, defineOptions, flag, oneOf, wholeNumber } from '../kernel'
import type { EngineKind } from './engine'
import { type QueueOptions, queuesOption } from './queues/queue-options'

export interface DeferredOptions {
  /**
   * Jobs running at once in this process; a whole number from 1. Jobs mostly wait for databases and other
   * services, so this is about their patience (connection pools, rate limits), not about processors.
   * @defaultValue `10`
   */
  concurrency?: number
  /**
   * When `enqueue` resolves. `'sync'`: the job is on disk and survives a power cut. `'interval'`: the kernel
   * has it, so it survives the process but up to half a second of jobs may not survive a power cut. `'memory'`: at once;
   * up to 50 ms of jobs are lost with the process.
   * @defaultValue `'sync'`
   */
  durability?: 'sync' | 'interval' | 'memory'
  /** Longest that `drain()` waits for running jobs, in ms; `0` = do not wait. @defaultValue `15_000` */
  drainMs?: number
  /**
   * Encrypts the arguments of new jobs, and kept results, under the newest of `secrets`; all of them read, so that they can be
   * replaced.
   * Task, times, context, unique keys and error messages stay readable.
   * @defaultValue `false`
   */
  encrypt?: boolean
  /** Largest arguments of one job, in bytes as they are written, before encryption; a whole number from 1. @defaultValue `1_048_576` (1 MiB) */
  maxArgsBytes?: number
  /** Jobs waiting in this process, delayed ones included; `enqueue` rejects above it. From 1. @defaultValue `1_000_000` */
  maxQueued?: number
  /**
   * Back-pressure: once so many jobs could run and wait, `enqueue` waits for `lowWater`, for `pushTimeoutMs` at most. Delayed
   * jobs do not count, and jobs that other jobs enqueue are not held up. A whole number from 1, or `0` = never. @defaultValue `0`
   */
  highWater?: number
  /** When `enqueue` goes on: once no more jobs wait than this. Below `highWater`. @defaultValue `0`: four fifths of `highWater` */
  lowWater?: number
  /** Longest that `enqueue` waits for `lowWater`, in ms; then it rejects with PushTimeoutError. From 1. @defaultValue `2_000` */
  pushTimeoutMs?: number
  /** Limits of queues, by name; see below. Queues need not be listed to exist. @defaultValue `{}` */
  queues?: Readonly<Record<string, QueueOptions>>
  /**
   * Most threads for tasks with `static thread`; a whole number, `0` = one less than there are processors, at least one.
   * @defaultValue `0`
   */
  threads?: number
  /** Dead jobs kept for inspection; above it the oldest is forgotten. `0` = keep none. @defaultValue `10_000` */
  deadLimit?: number
  /** Ends of jobs kept for `static keepResults`; above it the one that expires first is forgotten. `0` = keep none. @defaultValue `10_000` */
  resultLimit?: number
  /**
   * Where jobs live: `null` = in the log of this machine; `bullmq({ ... })` of `rage-js/bullmq` or `pgBoss({ ... })` of
   * `rage-js/pg-boss` = on a server that several machines share.
   * @defaultValue `null`
   */
  engine?: EngineKind | null
}

export const deferredOptions = defineOptions<DeferredOptions>({
  concurrency: wholeNumber({ default: 10, min: 1 }),
  durability: oneOf(['sync', 'interval', 'memory'], 'sync'),
  drainMs: wholeNumber({ default: 15_000, min: 0 }),
  encrypt: flag(false),
  maxArgsBytes: wholeNumber({ default: 1_048_576, min: 1 }),
  maxQueued: wholeNumber({ default: 1_000_000, min: 1 }),
  highWater: wholeNumber({ default: 0, min: 0 }),
  lowWater: wholeNumber({ default: 0, min: 0 }),
  pushTimeoutMs: wholeNumber({ default: 2_000, min: 1 }),
  queues: queuesOption,
  threads: wholeNumber({ default: 0, min: 0, max: 1_024 }),
  deadLimit: wholeNumber({ default: 10_000, min: 0 }),
  resultLimit: wholeNumber({ default: 10_000, min: 0 }),
  engine: anyValue<EngineKind | null>(
    null,
    'an engine, such as bullmq({ ... }), or null',
    (value) => value === null || typeof (value as { open?: unknown } | undefined)?.open === 'function',
  ),
})
