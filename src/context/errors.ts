/** Errors of the context. */
import { defineError } from '../kernel'

/** A transaction has committed, and something that waited for that failed. */
export class AfterCommitError extends defineError('RAGE_CONTEXT_AFTER_COMMIT', {
  what: (f: { failed: number; held: number }) =>
    `The transaction has committed, but ${f.failed} of the ${f.held} effects that waited for it failed.`,
  fix: 'See the cause. Do not run the transaction again: repeat only the jobs, events or callbacks that failed.',
}) {}

/** `Current.set` was called where the unit of work has ended: most likely from a callback that belongs to another one. */
export class ClosedContextError extends defineError('RAGE_CONTEXT_CLOSED', {
  what: (f: { name: string; kind: string }) =>
    `${f.name}.set() was called in the context of a ${f.kind} that has ended.`,
  fix: 'A callback of a shared connection runs in the context of whoever opened it: wrap it in rage.bind(fn), or open the connection in rage.outside(fn).',
}) {}

/** `Current.set` was called where no unit of work is running. */
export class NoContextError extends defineError('RAGE_CONTEXT_NONE', {
  what: (f: { name: string }) => `${f.name}.set() was called outside of any request or job.`,
  fix: 'Put app.use(rage.context()) before the middleware that sets it, or wrap the call in rage.run(() => ...).',
}) {}

/** `rage.baggage.set` was given what no header can carry. */
export class InvalidBaggageError extends defineError('RAGE_CONTEXT_INVALID_BAGGAGE', {
  what: (f: { name: string; reason: string }) => `The baggage ${JSON.stringify(f.name)} ${f.reason}.`,
  fix: 'Names consist of letters, digits and a few signs such as "-", "_" and "."; there are 64 at most.',
}) {}
