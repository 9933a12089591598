/** One line of the route table: a method, a path pattern, and what it runs. */
import type { Condition, Constraints } from './constraints'
import type { Segment } from './pattern'
import type { AnyHandler } from './target'

export interface Route {
  /** Upper case; `*` for a mount, which takes them all. */
  readonly method: string
  /** Complete, with the prefixes of its scopes, as drawn: `/articles(/:page)`. */
  readonly pattern: string
  /** The pattern with its optional parts or without; what is matched: `/articles/:page`. */
  readonly path: string
  readonly segments: readonly Segment[]
  /** `[Controller, 'action']`, `'controller#action'` or a function; the router only passes it on. */
  readonly target: unknown
  /** For path helpers; `null` = none. Routes of one pattern share it. */
  readonly name: string | null
  /** Parameters that are set when the path does not set them. */
  readonly defaults: Readonly<Record<string, string>>
  /** What a request has to pass besides. */
  readonly conditions: readonly Condition[]
  /** Run before the target, in order; those with four parameters take the errors of those before them. */
  readonly middlewares: readonly AnyHandler[]
  /** Error middlewares behind the target, in order. */
  readonly errorHandlers: readonly AnyHandler[]
  /** Takes every method and everything below its path. */
  readonly isMount: boolean
  /** Where it was drawn, as `file:line`. */
  readonly source: string
}

/** Options of a single route. */
export interface RouteOptions {
  /** Its name for path helpers; inside scopes their names are put in front. Default: made from the path. */
  readonly as?: string
  /** Parameters that are set when the path does not set them. */
  readonly defaults?: Readonly<Record<string, string>>
  /** What its parameters may be, and what else a request has to pass. */
  readonly constraints?: Constraints
}

/** Options of `match`. */
export interface MatchOptions extends RouteOptions {
  /** HTTP methods in any case, or `'all'`: GET, POST, PUT, PATCH, DELETE and OPTIONS (HEAD goes with GET). */
  readonly via: readonly string[] | 'all'
}

/** Options of `scope`. */
export interface ScopeOptions {
  /** In front of the names of its routes. */
  readonly as?: string
  /** In front of the names of controllers given as strings, with a `/` between. */
  readonly module?: string
  /** As `r.defaults` does. */
  readonly defaults?: Readonly<Record<string, string>>
  /** As `r.constraints` does. */
  readonly constraints?: Constraints
}

/** Options of `mount`. */
export interface MountOptions {
  /** Name of its path for path helpers. Default: made from the path. */
  readonly as?: string
  /** What a request has to pass to get there. */
  readonly constraints?: Constraints
}
