/** The route list as data, for `rage routes` and the console. */
import type { Route } from './route'

export interface RouteRow {
  readonly method: string
  readonly pattern: string
  /** `ArticlesController#show`, `articles#show`, or the name of a handler function. */
  readonly target: string
  readonly name: string | null
  /** `file:line` */
  readonly source: string
}

/** One row per route, in the order they were drawn. */
export function routeTable(routes: readonly Route[]): readonly RouteRow[] {
  return routes.map(({ method, pattern, target, name, source }) => ({
    method,
    pattern,
    target: describe(target),
    name,
    source,
  }))
}

function describe(target: unknown): string {
  if (Array.isArray(target)) return `${(target[0] as { name: string }).name}#${target[1]}`
  if (typeof target === 'function') return target.name === '' ? '(handler)' : target.name
  return String(target)
}
