/** Errors of background jobs: what was enqueued, what the log holds, how an attempt ended. */
import { defineError } from '../kernel'

/** JSON would change an argument, so the job would not get what was enqueued. */
export class InvalidArgsError extends defineError('RAGE_DEFERRED_INVALID_ARGS', {
  what: (f: { task: string; path: string; problem: string }) =>
    `${f.task}.enqueue() cannot store its arguments: ${f.path} ${f.problem}.`,
  fix: 'Pass JSON values: an id instead of a record, date.toISOString() instead of a Date, a plain object instead of a Map.',
}) {}

/** The arguments of one job are larger than `deferred.maxArgsBytes`. */
export class ArgsTooLargeError extends defineError('RAGE_DEFERRED_ARGS_TOO_LARGE', {
  status: 413,
  what: (f: { task: string; bytes: number; limit: number }) =>
    `The arguments of ${f.task}.enqueue() take ${f.bytes} bytes, the limit is ${f.limit}.`,
  fix: 'Store the content elsewhere and pass its id, or raise deferred.maxArgsBytes.',
}) {}

/** As many jobs wait as `deferred.maxQueued` allows. */
export class QueueFullError extends defineError('RAGE_DEFERRED_QUEUE_FULL', {
  status: 503,
  what: (f: { task: string; limit: number }) =>
    `${f.task}.enqueue() was refused: ${f.limit} jobs are waiting already.`,
  fix: 'Try again later; if the jobs are wanted, raise deferred.concurrency or deferred.maxQueued.',
}) {}

/** A job was enqueued after the runtime began to drain. */
export class DrainingError extends defineError('RAGE_DEFERRED_DRAINING', {
  status: 503,
  what: (f: { task: string }) => `${f.task}.enqueue() was refused: the runtime is shutting down.`,
  fix: 'Try again on another process, or once this one is back.',
}) {}

/** A job in the log names a task class that is not loaded. The job is kept. */
export class UnknownTaskError extends defineError('RAGE_DEFERRED_UNKNOWN_TASK', {
  what: (f: { task: string; log: string }) =>
    `Log ${f.log} holds jobs of "${f.task}", a class that is not registered.`,
  fix: 'Register it before boot; a renamed class keeps its jobs with static taskName = "<old name>". They are kept until then.',
}) {}

/** A job in the log cannot be read. It is kept. */
export class UndecodableJobError extends defineError('RAGE_DEFERRED_UNDECODABLE_JOB', {
  what: (f: { log: string; sequence: number; problem: string }) =>
    `Entry ${f.sequence} of log ${f.log} is not a job this version can read: ${f.problem}.`,
  fix: 'If a newer version of rage-js wrote it, run that version. The entry is kept until then.',
}) {}

/** An attempt took longer than the task's `timeout`. */
export class TaskTimeoutError extends defineError('RAGE_DEFERRED_TASK_TIMEOUT', {
  what: (f: { task: string; job: string; seconds: number }) =>
    `Job ${f.job} of ${f.task} did not finish within ${f.seconds} s; its signal was aborted.`,
  fix: 'Pass job.signal to whatever perform waits for, and raise static timeout if the work needs longer.',
}) {}

/** The process died several times in a row while it ran this job. */
export class CrashedJobError extends defineError('RAGE_DEFERRED_CRASHED', {
  what: (f: { task: string; job: string; crashes: number }) =>
    `The process died ${f.crashes} times while it ran job ${f.job} of ${f.task}.`,
  fix: 'Look for what ends the process (memory, native code, process.exit) in that task; the job is not run again.',
}) {}
