/** Work caused from outside of this runtime gets a context of its own, closed when the work has ended. */
import { Context, currentContext, deriveContext, ownRequestId, runInContext } from '../context'
import type { Scope } from '../kernel'
import { done } from './chain'

/** Runs `work` at once in a unit of work of this runtime: the current one, or a new one. */
export function withContext(scope: Scope, work: () => Promise<void>): Promise<void> {
  const around = currentContext()
  if (around !== null && around.scope === scope) return work()
  const context =
    around === null
      ? new Context({ kind: 'subscriber', scope, requestId: ownRequestId() })
      : deriveContext(around, 'subscriber', scope)
  const ended = runInContext(context, work)
  const close = (): void => {
    context.closed = true
  }
  if (ended === done) close()
  else ended.then(close, close)
  return ended
}
