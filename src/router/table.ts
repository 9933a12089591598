/** The route list as data and as text, for `rage routes` and the console. */
import type { Route } from './route'

export interface RouteRow {
  /** `*` for a mount. */
  readonly method: string
  readonly pattern: string
  /** `ArticlesController#show`, `articles#show`, or the name of a handler function. */
  readonly target: string
  readonly name: string | null
  /** `host: 'api.example.com'`, `:id /\d+/`, or the name of a check. */
  readonly constraints: readonly string[]
  /** How many run before and, for errors, behind the target. */
  readonly middlewares: number
  /** `file:line` */
  readonly source: string
}

/** One row per route as drawn: optional parts make no rows of their own. In the order they were drawn. */
export function routeTable(routes: readonly Route[]): readonly RouteRow[] {
  return routes
    .filter((route, index) => !isVariantOf(route, routes[index - 1]))
    .map((route) => ({
      method: route.method,
      pattern: route.pattern,
      target: describe(route.target),
      name: route.name,
      constraints: [...paramsOf(route), ...route.conditions.map(({ text }) => text)],
      middlewares: route.middlewares.length + route.errorHandlers.length,
      source: route.source,
    }))
}

/** As `rails routes` shows them: names to the right, the rest to the left, in columns. Ends with a newline. */
export function formatRoutes(rows: readonly RouteRow[]): string {
  const lines = [
    ['Name', 'Verb', 'Pattern', 'Target', 'Source'],
    ...rows.map((row) => [row.name ?? '', row.method, row.pattern, targetOf(row), row.source]),
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines
    .map(([name, verb, pattern, target, source]) =>
      [
        name!.padStart(widths[0]!),
        verb!.padEnd(widths[1]!),
        pattern!.padEnd(widths[2]!),
        target!.padEnd(widths[3]!),
        source!,
      ].join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

function targetOf({ target, constraints, middlewares }: RouteRow): string {
  const behind = constraints.length === 0 ? '' : ` { ${constraints.join(', ')} }`
  return `${middlewares === 0 ? '' : `(+${middlewares}) `}${target}${behind}`
}

/** Drawn by the same call for the same method, so that only the optional parts differ. */
function isVariantOf(route: Route, before: Route | undefined): boolean {
  return (
    before !== undefined &&
    before.method === route.method &&
    before.pattern === route.pattern &&
    before.path !== route.path &&
    before.target === route.target &&
    before.source === route.source
  )
}

/** Of patterns that stand in the path itself, only the path tells. */
function paramsOf({ segments, pattern }: Route): string[] {
  return segments
    .flat()
    .filter(
      (part) =>
        part.kind === 'param' && part.allowed !== null && !pattern.includes(`:${part.name}(${part.allowed})`),
    )
    .map((part) => (part.kind === 'param' ? `:${part.name} /${part.allowed}/` : ''))
}

function describe(target: unknown): string {
  if (Array.isArray(target)) return `${(target[0] as { name: string }).name}#${target[1]}`
  if (typeof target === 'function') return target.name === '' ? '(handler)' : target.name
  return String(target)
}
