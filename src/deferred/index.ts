/**
 * deferred: background jobs in this process, kept in an append-only log. An acknowledged job runs at least
 * once, whatever ends the process; it may run again when the process dies before its end is written down. It does
 * not spread jobs over machines by itself; see engine.ts.
 */
export { plainArgs } from './args'
export type { DeadJob } from './dead-jobs'
export { Deferred, type DeferredStats, type DeferredWorld } from './deferred'
export type {
  DeadStoredJob,
  Engine,
  EngineCounts,
  EngineKind,
  EngineWorld,
  Outcome,
  StoredJob,
} from './engine'
export { EngineServer } from './engine-server'
export type { EnqueueOptions } from './enqueue-options'
export {
  ArgsTooLargeError,
  CrashedJobError,
  DrainingError,
  EngineUnavailableError,
  EngineUnsupportedError,
  EnqueueOnThreadError,
  EnqueueStoppedError,
  InvalidArgsError,
  InvalidProgressError,
  InvalidResultError,
  InvalidScheduleError,
  JobCancelledError,
  LateNextError,
  LoadTimeoutError,
  NoResultError,
  NoSecretsError,
  PushTimeoutError,
  QueueFullError,
  RateLimitedError,
  StuckScheduleError,
  TaskTimeoutError,
  ThreadDiedError,
  ThreadTaskError,
  TransactionFailedError,
  UndecodableJobError,
  UnknownObjectError,
  UnknownTaskError,
  UnreadableArgsError,
  UnreadableJobError,
} from './errors'
export type { Death } from './job-record'
export type { JobListOptions, JobState, JobView, StoredJobView, StoredView } from './lookup'
export type { EnqueuingJob, JobMiddleware, PerformingJob } from './middleware'
export { type DeferredOptions, deferredOptions } from './options'
export type { QueueStats } from './queues/backlog'
export { type Pauses, pausesIn } from './queues/pauses'
export type { QueueOptions } from './queues/queue-options'
export type { RateLimit } from './queues/rate-limit'
export type { UniqueBy } from './queues/task-placement'
export { type RestingJob, RestingJobs, type RestingState } from './resting-jobs'
export type { EveryOptions, ScheduleOptions } from './schedule/schedule-options'
export {
  type BatchOutcome,
  type EnqueuedBatch,
  type EnqueuedJob,
  type PlannedJob,
  type PlannedOptions,
  type RunningJob,
  Task,
  type TaskClass,
} from './task'
export { Unrecoverable } from './unrecoverable'
export { UnrunnableError } from './unrunnable'
export type { Wrapped } from './wrapped-object'
