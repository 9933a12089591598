/** What we read of Express's router: its stack of layers, the same in both majors. Nothing here is required to exist. */

/** One entry of a stack: `match` says whether its handler is called for a path. */
export interface Layer {
  handle?: unknown
  readonly name?: string
  /** The part of the path that matched, written by `match` in some versions. */
  readonly path?: unknown
  match?: (path: string) => unknown
}

interface Walkable {
  readonly stack?: readonly Layer[]
  readonly params?: Record<string, unknown>
  readonly handle?: unknown
  readonly lazyrouter?: unknown
  readonly _router?: unknown
  readonly router?: unknown
}

/** The layers of an app or router, or `null` when there are none to be seen. */
export function layersOf(appOrRouter: unknown): readonly Layer[] | null {
  return routerOf(appOrRouter)?.stack ?? null
}

/** The functions that `param` of an app or router was given, by name: lists that it reads at each request. */
export function paramsOf(appOrRouter: unknown): readonly unknown[][] {
  const params = routerOf(appOrRouter)?.params
  return Object.values(Object(params) as object).filter((functions) => Array.isArray(functions))
}

/** The router of an app, or the router itself. */
function routerOf(appOrRouter: unknown): Walkable | null {
  if (typeof appOrRouter !== 'function') return null
  const candidate = appOrRouter as Walkable
  if (Array.isArray(candidate.stack)) return candidate
  // In Express 4 the getter `router` throws; only there does an app have `lazyrouter`.
  if (candidate.lazyrouter !== undefined) return routerOf(candidate._router)
  return typeof candidate.handle === 'function' ? routerOf(candidate.router) : null
}

/** Whether one of `handlers` is the handler itself or stands in its stack, routers within routers included. */
export function leadsTo(
  handler: unknown,
  handlers: ReadonlySet<unknown>,
  seen = new Set<unknown>(),
): boolean {
  if (handlers.has(handler)) return true
  if (seen.has(handler)) return false
  seen.add(handler)
  return layersOf(handler)?.some((layer) => leadsTo(layer.handle, handlers, seen)) ?? false
}
