/** One line of the route table: a method, a path pattern, and what it runs. */
import type { Segment } from './pattern'

export interface Route {
  /** Upper case. */
  readonly method: string
  /** Complete, with the prefixes of its scopes, such as `/articles/:slug`. */
  readonly pattern: string
  readonly segments: readonly Segment[]
  /** `[Controller, 'action']`, `'controller#action'` or a function; the router only passes it on. */
  readonly target: unknown
  /** For path helpers; `null` = none. Routes of one pattern share it. */
  readonly name: string | null
  /** Parameters that are set when the path does not set them. */
  readonly defaults: Readonly<Record<string, string>>
  /** Where it was drawn, as `file:line`. */
  readonly source: string
}

/** Options of a single route. */
export interface RouteOptions {
  /** Its name for path helpers; inside scopes their names are put in front. Default: made from the path. */
  readonly as?: string
  /** Parameters that are set when the path does not set them. */
  readonly defaults?: Readonly<Record<string, string>>
}

/** Options of `match`. */
export interface MatchOptions extends RouteOptions {
  /** HTTP methods in any case, or `'all'`: GET, POST, PUT, PATCH, DELETE and OPTIONS (HEAD goes with GET). */
  readonly via: readonly string[] | 'all'
}
