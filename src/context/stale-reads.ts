/**
 * Reads of `Current` in a unit of work that has ended. A connection that was opened lazily keeps the context of whoever
 * opened it, and hands it to the callbacks of all who come after: without a look at whether that unit has ended, Bob
 * would be shown Alice's values. Such a read finds nothing, and says so once per place in the code.
 */
import { callSite, warnOnce } from '../kernel'
import type { Context } from './context'

/** Finding the place costs microseconds, and a leak may be met at every request. */
const placesLookedFor = 1_000
let looked = 0

/** The values of `Current` that may be seen in `context`: none once it has ended. */
export function readableAttributes(
  context: Context | null,
  deed: string,
  name: string,
): Context['attributes'] {
  if (context === null) return null
  if (!context.closed) return context.attributes
  warn(context, deed, name)
  return null
}

function warn({ kind }: Context, deed: string, name: string): void {
  if (looked >= placesLookedFor) return
  looked += 1
  const place = callSite()
  warnOnce(
    'RAGE_W003',
    `${name} was ${deed} at ${place} in the context of a ${kind} that has ended, and found empty: it may be ` +
      "somebody else's. Take values before the response ends, wrap callbacks of shared connections in rage.bind(fn), " +
      'or open those in rage.outside(fn).',
    place,
  )
}
