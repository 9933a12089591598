/**
 * What a request that Express answered is called in metrics: the pattern of its route, with the paths of the routers around
 * it. Express says where a router matched (`baseUrl`) but not by which pattern; that is found once per route, by walking the
 * stack to it and matching again. What cannot be known is `*`: a label must not hold ids of requests.
 */
import { type Layer, layersOf } from './router-stack'

/** What Express has put on a request by the time it is answered. */
interface Routed {
  readonly route?: { readonly path?: unknown }
  readonly baseUrl?: unknown
  readonly app?: unknown
}

/** A layer with what tells its pattern, in Express 4 (`regexp`, `keys`) and 5 (`matchers`). */
interface MatchingLayer extends Layer {
  readonly route?: unknown
  readonly slash?: boolean
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
  readonly matchers?: readonly ((path: string) => Matched | false)[]
}

interface Matched {
  readonly path: string
  readonly params: Readonly<Record<string, unknown>>
}

interface App {
  readonly parent?: unknown
  readonly path?: () => string
}

interface Naming {
  /** Within its router. */
  readonly path: string
  /** The whole pattern; `null` = its router stands in several places, or is not to be seen. */
  readonly only: string | null
}

const unknown = '*'
/** Routers within routers that are looked into. */
const deepest = 10

/** Finds names, each once per route. */
export class LegacyRoutes {
  readonly #known = new WeakMap<object, Naming>()

  /** `null` = no route of Express answered it. */
  patternOf(request: object): string | null {
    const { route, baseUrl, app } = request as Routed
    if (typeof route !== 'object' || route === null) return null
    const known = this.#known.get(route)
    if (known !== undefined) return known.only ?? (baseUrl === '' ? known.path : `${unknown}${known.path}`)
    const path = String(route.path)
    const prefix = prefixOf(app, route, typeof baseUrl === 'string' ? baseUrl : '')
    const only = prefix === null ? null : `${prefix}${path === '/' && prefix !== '' ? '' : path}`
    this.#known.set(route, { path, only })
    return only ?? (baseUrl === '' ? path : `${unknown}${path}`)
  }
}

/** The pattern that `baseUrl` matched; `null` = the route is in several places, or is not to be seen. */
function prefixOf(app: unknown, route: object, baseUrl: string): string | null {
  const root = rootOf(app)
  if (root === null || !baseUrl.startsWith(root)) return null
  const chains: MatchingLayer[][] = []
  collectChains(app, route, [], chains)
  if (chains.length !== 1) return null
  let rest = baseUrl.slice(root.length)
  let pattern = root
  for (const layer of chains[0]!) {
    const matched = matchOf(layer, rest)
    if (matched === null) return null
    pattern += patternFrom(matched)
    rest = rest.slice(matched.path.length)
  }
  return rest === '' ? pattern : null
}

/** Where a sub-app is mounted, when that is fixed text. */
function rootOf(app: unknown): string | null {
  const { parent, path } = (app ?? {}) as App
  if (parent === undefined) return ''
  const text = typeof path === 'function' ? path.call(app) : null
  return typeof text === 'string' && !/[:*{}()]/.test(text) ? text : null
}

function collectChains(
  router: unknown,
  route: object,
  above: MatchingLayer[],
  found: MatchingLayer[][],
): void {
  if (above.length > deepest) return
  for (const layer of (layersOf(router) ?? []) as readonly MatchingLayer[]) {
    if (layer.route === route) found.push(above)
    else if (layer.route === undefined) collectChains(layer.handle, route, [...above, layer], found)
  }
}

function matchOf({ slash, regexp, keys = [], matchers = [] }: MatchingLayer, path: string): Matched | null {
  if (slash === true || regexp?.fast_slash === true) return { path: '', params: {} }
  if (regexp !== undefined) {
    const match = regexp.exec(path)
    if (match === null) return null
    const params = Object.fromEntries(keys.map(({ name }, index) => [String(name), match[index + 1]]))
    return { path: match[0].replace(/\/$/, ''), params }
  }
  for (const matcher of matchers) {
    const matched = matcher(path)
    if (matched) return { ...matched, path: matched.path.replace(/\/$/, '') }
  }
  return null
}

/** The text that matched, with the values of its parameters replaced by their names. */
function patternFrom({ path, params }: Matched): string {
  const left = Object.entries(params).filter(([, value]) => typeof value === 'string')
  const segments = path.split('/').map((segment) => {
    const index = left.findIndex(([, value]) => value === segment || value === decoded(segment))
    if (segment === '' || index === -1) return segment
    return `:${left.splice(index, 1)[0]![0]}`
  })
  return left.length === 0 ? segments.join('/') : `/${unknown}`
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
