/** Errors of the context. */
import { defineError } from '../kernel'

/** A transaction has committed, and something that waited for that failed. */
export class AfterCommitError extends defineError('RAGE_CONTEXT_AFTER_COMMIT', {
  what: (f: { failed: number; held: number }) =>
    `The transaction has committed, but ${f.failed} of the ${f.held} effects that waited for it failed.`,
  fix: 'See the cause. Do not run the transaction again: repeat only the jobs, events or callbacks that failed.',
}) {}

/** `Current.set` was called where no unit of work is running. */
export class NoContextError extends defineError('RAGE_CONTEXT_NONE', {
  what: (f: { name: string }) => `${f.name}.set() was called outside of any request or job.`,
  fix: 'Put app.use(rage.context()) before the middleware that sets it, or wrap the call in rage.run(() => ...).',
}) {}
