/** Tells work on an answer that nobody waits for it any more. Made when asked for: most actions never look. */
import type { ServerResponse } from 'node:http'
import { ClientGoneError } from './errors'

/**
 * A signal that fires, with a `ClientGoneError`, when the connection closes before the answer is complete. It
 * never fires for an answer that was sent whole. Its listener goes with the response.
 */
export function clientGone(res: ServerResponse): AbortSignal {
  const controller = new AbortController()
  const check = (): void => {
    if (!res.writableFinished) controller.abort(new ClientGoneError({}))
  }
  if (res.closed || res.destroyed) check()
  else res.once('close', check)
  return controller.signal
}
