/**
 * The session that an earlier middleware put on the request (express-session, cookie-session): it is used as it is, and
 * its middleware saves it.
 */
import type { Request } from './messages'
import type { Session } from './session'

/** `null` without one. */
export function hostSession(req: Request): Session | null {
  const { session } = req
  return typeof session === 'object' && session !== null ? (session as Session) : null
}

/** A new session with a new id where the middleware has such a thing, else the same one emptied. */
export async function resetHostSession(session: Session): Promise<void> {
  const { regenerate } = session
  if (typeof regenerate !== 'function') {
    for (const name of Object.keys(session)) delete session[name]
    return
  }
  await new Promise<void>((resolve, reject) => {
    regenerate.call(session, (error: unknown) => (error ? reject(error) : resolve()))
  })
}
