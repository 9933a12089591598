/** Errors of the context. */
import { defineError } from '../kernel'

/** `Current.set` was called where no unit of work is running. */
export class NoContextError extends defineError('RAGE_CONTEXT_NONE', {
  what: (f: { name: string }) => `${f.name}.set() was called outside of any request or job.`,
  fix: 'Put app.use(rage.context()) before the middleware that sets it, or wrap the call in rage.run(() => ...).',
}) {}
