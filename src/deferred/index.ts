/**
 * deferred: background jobs in this process, kept in an append-only log. An acknowledged job runs at least
 * once, whatever ends the process; it may run again when the process dies before its end is written down. It does
 * not spread jobs over machines, and it does not keep the results of `perform`.
 */
export type { DeadJob } from './dead-jobs'
export { Deferred, type DeferredStats, type DeferredWorld } from './deferred'
export type { EnqueueOptions } from './enqueue-options'
export {
  ArgsTooLargeError,
  CrashedJobError,
  DrainingError,
  InvalidArgsError,
  QueueFullError,
  TaskTimeoutError,
  UndecodableJobError,
  UnknownTaskError,
} from './errors'
export { type DeferredOptions, deferredOptions } from './options'
export { type EnqueuedJob, type RunningJob, Task, type TaskClass } from './task'
