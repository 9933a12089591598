/** Options of background jobs, with their defaults and checks. */
import { defineOptions, oneOf, wholeNumber } from '../kernel'

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
  /** Largest arguments of one job, in bytes of JSON; a whole number from 1. @defaultValue `1_048_576` (1 MiB) */
  maxArgsBytes?: number
  /** Jobs waiting in this process, delayed ones included; `enqueue` rejects above it. From 1. @defaultValue `1_000_000` */
  maxQueued?: number
  /** Dead jobs kept for inspection; above it the oldest is forgotten. `0` = keep none. @defaultValue `10_000` */
  deadLimit?: number
}

export const deferredOptions = defineOptions<DeferredOptions>({
  concurrency: wholeNumber({ default: 10, min: 1 }),
  durability: oneOf(['sync', 'interval', 'memory'], 'sync'),
  drainMs: wholeNumber({ default: 15_000, min: 0 }),
  maxArgsBytes: wholeNumber({ default: 1_048_576, min: 1 }),
  maxQueued: wholeNumber({ default: 1_000_000, min: 1 }),
  deadLimit: wholeNumber({ default: 10_000, min: 0 }),
})
