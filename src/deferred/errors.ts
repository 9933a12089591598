/** Errors of background jobs: what was enqueued, what the log holds, how an attempt ended. */
import { defineError } from '../kernel'

/** An argument would be changed on its way, so the job would not get what was enqueued. */
export class InvalidArgsError extends defineError('RAGE_DEFERRED_INVALID_ARGS', {
  what: (f: { task: string; path: string; problem: string }) =>
    `${f.task}.enqueue() cannot store its arguments: ${f.path} ${f.problem}.`,
  fix: 'Pass an id instead of a record, or declare how the class is written: rage.deferred.codec(name, { type, encode, decode }).',
}) {}

/** The arguments of a job cannot be read here. The job is kept, and attempted by the next boot. */
export class UnreadableArgsError extends defineError('RAGE_DEFERRED_UNREADABLE_ARGS', {
  what: (f: { task: string; job: string; problem: string }) =>
    `The arguments of job ${f.job} of ${f.task} cannot be read: ${f.problem}.`,
  fix: 'Declare the codec, add the secret they were encrypted under, or run the version of rage-js that wrote them. The job is kept until then.',
}) {}

/** The thread that ran a job ended in the middle: `process.exit`, no memory left, an error nobody caught. */
export class ThreadDiedError extends defineError('RAGE_DEFERRED_THREAD_DIED', {
  what: (f: { task: string; job: string; reason: string }) =>
    `The thread that ran job ${f.job} of ${f.task} died: ${f.reason}.`,
  fix: 'Look in that task for process.exit, for errors thrown in callbacks, and at its memory. The process goes on; the attempt has failed.',
}) {}

/** A thread cannot find the task in the file that its `static thread` names. */
export class ThreadTaskError extends defineError('RAGE_DEFERRED_THREAD_TASK', {
  what: (f: { task: string; file: string; problem: string }) =>
    `A thread cannot perform "${f.task}" of ${f.file}: ${f.problem}.`,
  fix: 'Export the class from that file, which must load by itself: built JavaScript that starts no server.',
}) {}

/** `deferred.encrypt` is on, and there is nothing to encrypt with. */
export class NoSecretsError extends defineError('RAGE_DEFERRED_NO_SECRETS', {
  what: () => 'deferred.encrypt is true, and createRage has no secrets.',
  fix: 'Give createRage secrets: random texts of at least 32 characters, the newest first.',
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

/** More jobs wait than `deferred.highWater`, and did not become few enough in time. The job is not stored. */
export class PushTimeoutError extends defineError('RAGE_DEFERRED_PUSH_TIMEOUT', {
  status: 503,
  what: (f: { task: string; ms: number; waiting: number }) =>
    `${f.task}.enqueue() waited ${f.ms} ms for room: ${f.waiting} jobs are waiting.`,
  fix: 'Try again later; if the jobs are wanted, raise deferred.concurrency or deferred.highWater.',
}) {}

/** A job was enqueued after the runtime began to drain, or once it had stopped. */
export class DrainingError extends defineError('RAGE_DEFERRED_DRAINING', {
  status: 503,
  what: (f: { task: string; hasStopped?: boolean }) =>
    `${f.task}.enqueue() was refused: the runtime ${f.hasStopped !== true ? 'is shutting down' : 'has stopped'}.`,
  fix: 'Try again on another process, or once this one is back.',
}) {}

/** Enqueue middleware neither went on nor ended for the time of a schedule. The time is tried again. */
export class StuckScheduleError extends defineError('RAGE_DEFERRED_SCHEDULE_STUCK', {
  what: (f: { schedule: string; seconds: number }) =>
    `The schedule "${f.schedule}" made no job: enqueue middleware has not called next() within ${f.seconds} s.`,
  fix: 'Give what the middleware waits for a time limit. It is tried again in 5 s; until then other schedules have their turn.',
}) {}

/** A task on a thread of its own enqueued a job: the runtime is on the main thread. */
export class EnqueueOnThreadError extends defineError('RAGE_DEFERRED_ENQUEUE_ON_THREAD', {
  what: (f: { task: string }) =>
    `${f.task}.enqueue() was called on a thread: jobs are enqueued on the main thread.`,
  fix: (f) =>
    `Enqueue it after this job with followedBy: [${f.task}.with(args)], or from a task without static thread.`,
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

/** Serialisers did not load the `Current` attributes of a job: a failed attempt, whose `perform` was not called. */
export class LoadTimeoutError extends defineError('RAGE_DEFERRED_LOAD_TIMEOUT', {
  what: (f: { task: string; job: string; seconds: number }) =>
    `The Current attributes of job ${f.job} of ${f.task} were not loaded within ${f.seconds} s.`,
  fix: 'Give what the load of their serialisers waits for (a database, another service) a time limit of its own.',
}) {}

/** `job.rateLimit()` ended the attempt. The job waits again, and nothing is charged to it. */
export class RateLimitedError extends defineError('RAGE_DEFERRED_RATE_LIMITED', {
  status: 503,
  what: (f: { task: string; job: string; seconds: number }) =>
    `Job ${f.job} of ${f.task} asked its task to wait ${f.seconds} s.`,
  fix: 'Let it pass: it ends the attempt, and the job runs again after that time.',
}) {}

/** `rage.deferred.cancel(id)` was called: the reason of the job's signal, and of `rage.deferred.result(id)`. */
export class JobCancelledError extends defineError('RAGE_DEFERRED_CANCELLED', {
  what: (f: { task: string; job: string }) => `Job ${f.job} of ${f.task} was cancelled.`,
  fix: 'Nothing is wrong with the job; enqueue a new one if it is wanted after all.',
}) {}

/** `rage.deferred.result(id)` was asked for a result that there is not, and will not be. */
export class NoResultError extends defineError('RAGE_DEFERRED_NO_RESULT', {
  status: 404,
  what: (f: { job: string; problem: string }) => `Job ${f.job} has no result: ${f.problem}.`,
  fix: 'Give the task static keepResults = seconds, and ask before they have passed, in the process that runs the job.',
}) {}

/** What `perform` returned cannot be kept. The job is done, without a result. */
export class InvalidResultError extends defineError('RAGE_DEFERRED_INVALID_RESULT', {
  what: (f: { task: string; job: string }) => `What job ${f.job} of ${f.task} returned cannot be kept.`,
  fix: 'Return what arguments could be, at most deferred.maxArgsBytes, or remove static keepResults. The cause names the value.',
}) {}

/** `job.progress()` was given what JSON cannot write, or too much of it. */
export class InvalidProgressError extends defineError('RAGE_DEFERRED_INVALID_PROGRESS', {
  what: (f: { task: string; job: string; problem: string }) =>
    `job.progress() of job ${f.job} of ${f.task} was given what it cannot keep: ${f.problem}.`,
  fix: 'Pass a number, or a small value that JSON can write: counts and names, not the data itself.',
}) {}

/** A middleware of `rage.deferred.use` did not go on: the job is not enqueued. */
export class EnqueueStoppedError extends defineError('RAGE_DEFERRED_ENQUEUE_STOPPED', {
  what: (f: { task: string }) =>
    `${f.task}.enqueue() was stopped by a middleware, which returned without next().`,
  fix: 'If the job is wanted, let the middleware call next(); else catch this error where it may happen.',
}) {}

/** A middleware called `next()` after the layers had ended without it. Nothing is enqueued, or performed, any more. */
export class LateNextError extends defineError('RAGE_DEFERRED_LATE_NEXT', {
  what: (f: { task: string }) =>
    `next() was called too late for a job of ${f.task}: the middleware had returned without it.`,
  fix: 'Return next() from the middleware, or await it there.',
}) {}

/** An object was given to `rage.deferred.wrap` that a restarted process could not find. */
export class UnknownObjectError extends defineError('RAGE_DEFERRED_UNKNOWN_OBJECT', {
  what: (f: { given: string }) => `rage.deferred.wrap() was given ${f.given}, which is not registered.`,
  fix: "Name it before boot: rage.deferred.registerObject('mailer', mailer).",
}) {}

/** The process died several times in a row while it ran this job. */
export class CrashedJobError extends defineError('RAGE_DEFERRED_CRASHED', {
  what: (f: { task: string; job: string; crashes: number }) =>
    `The process died ${f.crashes} times while it ran job ${f.job} of ${f.task}.`,
  fix: 'Look for what ends the process (memory, native code, process.exit) in that task; the job is not run again.',
}) {}

/** The server of the engine did not answer, or answered with an error. */
export class EngineUnavailableError extends defineError('RAGE_DEFERRED_ENGINE_UNAVAILABLE', {
  status: 503,
  what: (f: { engine: string; wanted: string; reason: string }) =>
    `${f.engine} could not ${f.wanted}: ${f.reason}.`,
  fix: 'Check the server and the connection given to the engine. A job that was not acknowledged may have been stored all the same.',
}) {}

/** The caller's transaction, which a job was to be part of, has failed. The job is not stored. */
export class TransactionFailedError extends defineError('RAGE_DEFERRED_TRANSACTION_FAILED', {
  what: (f: { engine: string; reason: string }) =>
    `${f.engine} could not enqueue in the transaction it was given: ${f.reason}.`,
  fix: 'Roll the transaction back, and look at what failed in it first; one that lost against another can be run again as a whole.',
}) {}

/** Something was asked of the engine in `deferred.engine` that it cannot do. */
export class EngineUnsupportedError extends defineError('RAGE_DEFERRED_ENGINE_UNSUPPORTED', {
  what: (f: { engine: string; feature: string; instead: string }) => `${f.engine} cannot ${f.feature}.`,
  fix: (f) => f.instead,
}) {}

/** A job of an engine cannot be read by this version. It stays where it is, for another process. */
export class UnreadableJobError extends defineError('RAGE_DEFERRED_UNREADABLE_JOB', {
  what: (f: { engine: string; job: string; problem: string }) =>
    `Job ${f.job} of ${f.engine} is not one this version can read: ${f.problem}.`,
  fix: 'If a newer version of rage-js wrote it, run that version. The job is offered again every minute until then.',
}) {}

/** An expression of `schedule` or an interval of `every` that means nothing. */
export class InvalidScheduleError extends defineError('RAGE_DEFERRED_INVALID_SCHEDULE', {
  what: (f: { given: string; problem: string }) => `"${f.given}" is no schedule: ${f.problem}.`,
  fix: "Cron has five fields, or six with seconds first: schedule('0 3 * * *', Task); intervals: every('5m', Task).",
}) {}
