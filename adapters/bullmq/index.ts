/**
 * bullmq: jobs on Redis, for the machines that share it, through BullMQ. At least once, as the log; as durable as
 * that Redis is. Cannot take part in transactions.
 */
import type { EngineKind } from '../../src/deferred'
import { resolveOptions } from '../../src/kernel'
import { BullmqEngine } from './engine'
import { type BullmqOptions, bullmqOptions } from './options'

export type { BullmqOptions } from './options'

/**
 * The engine for `createRage({ deferred: { engine: bullmq({ connection: { url } }) } })`. Needs the packages
 * `bullmq` and `ioredis`, which are loaded at boot.
 *
 * @throws UnknownOptionError, InvalidOptionError. Boot rejects with MissingPackageError or EngineUnavailableError.
 */
export function bullmq(options?: BullmqOptions): EngineKind {
  const settings = resolveOptions(bullmqOptions, options, 'bullmq')
  return {
    name: 'BullMQ',
    transactions: null,
    open: (world, deadline) => BullmqEngine.open(settings, world, deadline),
  }
}
