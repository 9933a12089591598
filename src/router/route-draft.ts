/** What the mapper hands to the draw for each route: settled but not yet checked. */
import type { ControllerRef } from './target'

export interface RouteDraft {
  readonly method: string
  readonly pattern: string
  readonly target: unknown
  /** As made from path and scopes, or given with `as:`. */
  readonly name: string
  readonly isNameGiven: boolean
  readonly defaults: Readonly<Record<string, string>>
  readonly source: string
}

/** Where drafts go. */
export interface RouteSink {
  add(draft: RouteDraft): void
  implementsAction(controller: ControllerRef, action: string): boolean
}
