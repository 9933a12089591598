/** The context an attempt runs in, made from what travelled with the job. */
import { type Carrier, Context } from '../context'
import type { Scope } from '../kernel'

/** Without attributes: those may need the user's loaders, which can wait; see `loadCarrier`. */
export function openJobContext(carrier: Carrier, scope: Scope): Context {
  return new Context({
    kind: 'job',
    scope,
    requestId: carrier.id,
    incoming: carrier,
    tags: carrier.tags ?? noTags,
  })
}

const noTags: readonly string[] = Object.freeze([])
