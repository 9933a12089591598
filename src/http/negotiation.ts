/** Chooses what to answer with by the request's Accept header. The seam for `accepts` and `vary`. */
import accepts from 'accepts'
import vary from 'vary'
import type { Request, Response } from './messages'

/**
 * The one of `types` that the client likes best, or `null` when it takes none: by q-value, then by how exactly the
 * header names it, then in the header's order, then in that of `types`. No header = anything.
 *
 * @param types extensions (`json`) or media types (`application/vnd.api+json`); the answer is one of these words.
 */
export function preferredType(req: Request, types: readonly string[]): string | null {
  if (types.length === 0) return null
  const best: unknown = accepts(req).type([...types])
  return typeof best === 'string' ? best : null
}

/** All that the client takes, best first; with a list, the best of it, or `false`. */
export type Accepted = (offered?: readonly string[]) => readonly string[] | string | false

/** What a request accepts, for Express's `req.accepts*`. Spelled out, as the types of `accepts` are no part of it. */
export interface Acceptance {
  readonly types: Accepted
  readonly encodings: Accepted
  readonly charsets: Accepted
  readonly languages: Accepted
}

export function acceptsOf(req: Request): Acceptance {
  return accepts(req) as unknown as Acceptance
}

/** Adds header names to `Vary`; each stands in it once. */
export function varyOn(res: Response, field: string): void {
  vary(res, field)
}
