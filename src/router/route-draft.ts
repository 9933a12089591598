/** What the mapper hands to the draw for each route: settled but not yet checked. */
import type { Condition, ParamPattern } from './constraints'
import type { AnyHandler, ControllerRef } from './target'

export interface RouteDraft {
  /** In any case, or `mount`. */
  readonly method: string
  readonly pattern: string
  readonly target: unknown
  /** As made from path and scopes, or given with `as:`. */
  readonly name: string
  readonly isNameGiven: boolean
  readonly defaults: Readonly<Record<string, string>>
  readonly conditions: readonly Condition[]
  /** For those parameters that the pattern leaves open. */
  readonly params: Readonly<Record<string, ParamPattern>>
  readonly middlewares: readonly AnyHandler[]
  readonly errorHandlers: readonly AnyHandler[]
  readonly isMount: boolean
  readonly source: string
}

/** Where drafts go. */
export interface RouteSink {
  /** Routes so far. */
  readonly count: number
  add(draft: RouteDraft): void
  /** Puts an error middleware behind all routes from number `from` on. */
  addErrorHandler(handler: AnyHandler, from: number): void
  implementsAction(controller: ControllerRef, action: string): boolean
  /** The blocks that `concern` named. They only meet mappers, whose types are checked where they are called. */
  readonly concerns: Map<string, (r: never) => void>
}
