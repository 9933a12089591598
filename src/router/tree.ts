/**
 * Finds the route of a request. The seam of find-my-way.
 *
 * find-my-way decodes paths before it matches, cuts them at `?` and `#`, and accepts empty parameters. Under
 * an Express guard that is a hole: `app.use('/admin', auth)` does not see `/%61dmin`. So it only gets to see
 * paths where none of that can happen: a path with `%` has it hidden, and then, as well as for `//`,
 * wildcards and patterns within a segment, a regular expression over the raw path has the last word.
 * Parameters are decoded once, after the match. Prefix mounts are the adapter's business: it passes the
 * path below the prefix.
 *
 * Unlike Express, where the route drawn first wins, text beats a parameter and a parameter beats a wildcard.
 * A path in which find-my-way would have to fill a parameter with nothing (`/u//private`) matches no route
 * at all, even where a wildcard stands beside it.
 */
import findMyWay from 'find-my-way'
import type { Resolved } from '../kernel'
import { type CompiledPattern, compilePattern, hiddenPercent } from './compiled-pattern'
import { BadPatternError, DuplicateRouteError } from './errors'
import type { RouterOptions } from './options'
import type { Route } from './route'

/** The parameters of a path; without a prototype. */
export type Params = Record<string, string>

/** What the tree holds for a route: the value is the owner's. */
export interface Entry<T> extends CompiledPattern {
  readonly route: Route
  readonly value: T
  readonly hasDefaults: boolean
}

/** The object find-my-way answers with, or one with the same members. */
export interface Match<T> {
  readonly store: Entry<T>
  /** A fresh object; the caller may keep and change it. */
  readonly params: Params
  /** Set when a parameter cannot be decoded: answer with `new MalformedPathError(match.malformed)`, 400. */
  readonly malformed?: { readonly param: string; readonly value: string }
}

type Tree = ReturnType<typeof findMyWay>
type Method = Parameters<Tree['find']>[0]

const slash = 47
// Controls, space, any of `! " # $ % ?`, what is not ASCII, and empty segments.
const unusual = /[^&->@-~]|\/\//
// Whoever passes a query or a fragment is mistaken. Express's parser trims U+00A0. Characters above 255 cannot
// come from HTTP, and fold their case differently in a tree (Kelvin sign to "k") than in Express.
const neverMatches = /[^\x21-\x7e\xa1-\xff]|[#?]/

export class RouteTree<T> {
  readonly #isCaseSensitive: boolean
  readonly #isStrict: boolean
  readonly #tree: Tree
  readonly #methods = new Set<string>()
  readonly #byShape = new Map<string, Route>()

  constructor({ caseSensitive, strict }: Resolved<RouterOptions>) {
    this.#isCaseSensitive = caseSensitive
    this.#isStrict = strict
    this.#tree = findMyWay({
      caseSensitive,
      maxParamLength: Number.MAX_SAFE_INTEGER,
      querystringParser: noQuery,
    })
  }

  /**
   * @param value what `find` hands back as `match.store.value`.
   * @throws DuplicateRouteError, or BadPatternError for a parameter pattern that could be made to run for ever.
   */
  add(route: Route, value: T): void {
    const endsWithSlash = this.#isStrict && route.pattern.endsWith('/')
    const compiled = compilePattern(route.segments, this.#isCaseSensitive, endsWithSlash)
    const shape = `${route.method} ${compiled.shape}`
    const first = this.#byShape.get(shape)
    if (first !== undefined) {
      const { method, pattern, source } = route
      throw new DuplicateRouteError({
        method,
        pattern,
        source,
        firstPattern: first.pattern,
        firstSource: first.source,
      })
    }
    const hasDefaults = Object.keys(route.defaults).length > 0
    const isPlain = compiled.isPlain && !hasDefaults
    const entry: Entry<T> = { ...compiled, isPlain, route, value, hasDefaults }
    try {
      this.#tree.on(route.method as Method, compiled.treePath, neverCalled, entry)
    } catch (cause) {
      const reason = `is refused: ${(cause as Error).message}`
      throw new BadPatternError({ pattern: route.pattern, reason, source: route.source }, { cause })
    }
    this.#byShape.set(shape, route)
    this.#methods.add(route.method)
  }

  /**
   * The route for a request, or `null`. HEAD is served by GET where no HEAD route matches.
   *
   * @param method   upper case, as Node gives it.
   * @param pathname raw path, without query. One that does not begin with `/` matches nothing.
   */
  find(method: string, pathname: string): Match<T> | null {
    if (method === 'HEAD') return this.#find('HEAD', pathname) ?? this.#find('GET', pathname)
    return this.#find(method, pathname)
  }

  /** Whether any method has a route for this path. */
  matches(pathname: string): boolean {
    for (const method of this.#methods) if (this.#find(method, pathname) !== null) return true
    return false
  }

  /** The methods that have a route for this path, in the order they were first drawn; HEAD behind GET. */
  allowedMethods(pathname: string): readonly string[] {
    const allowed = new Set<string>()
    for (const method of this.#methods) {
      if (this.#find(method, pathname) === null) continue
      allowed.add(method)
      if (method === 'GET') allowed.add('HEAD')
    }
    return [...allowed]
  }

  // Hot path. One pass settles that find-my-way sees the path as Express would: no "%" to decode, nothing to
  // cut off, no empty segment. A regular expression is the quickest pass there is over a string.
  #find(method: string, pathname: string): Match<T> | null {
    if (method !== 'GET' && !this.#methods.has(method)) return null
    if (pathname.charCodeAt(0) !== slash) return null
    if (unusual.test(pathname)) return this.#findUnusual(method, pathname)
    const last = pathname.length - 1
    let path = pathname
    if (last > 0 && pathname.charCodeAt(last) === slash) {
      if (this.#isStrict) return this.#findUnusual(method, pathname)
      path = pathname.slice(0, -1)
    }
    // The tree holds nothing but entries of T, and its parameters are all set for the route it found.
    const found = this.#tree.find(method as Method, path) as Match<T> | null
    if (found === null || found.store.isPlain) return found
    return extract(found.store, pathname, path)
  }

  #findUnusual(method: string, pathname: string): Match<T> | null {
    if (neverMatches.test(pathname)) return null
    const path = this.#isStrict ? pathname : dropSlash(pathname)
    const found = this.#tree.find(method as Method, path.replaceAll('%', hiddenPercent))
    return found === null ? null : extract(found.store as Entry<T>, pathname, path)
  }
}

/** Lets the regular expression decide, and takes the parameters from it. */
function extract<T>(store: Entry<T>, pathname: string, path: string): Match<T> | null {
  const values = store.exact.exec(store.hasWildcard ? pathname : path)
  if (values === null) return null
  const params: Params = new NoPrototype()
  if (store.hasDefaults) Object.assign(params, store.route.defaults)
  for (let index = 0; index < store.names.length; index++) {
    const param = store.names[index]!
    const value = values[index + 1]!
    // A pattern may allow nothing, such as (\d*); a parameter never is nothing.
    if (value === '') return null
    const decoded = decode(value)
    if (decoded === null) return { store, params, malformed: { param, value } }
    params[param] = decoded
  }
  return { store, params }
}

/** Makes objects without prototype that are not dictionaries, as find-my-way does. */
const NoPrototype = function NoPrototype() {} as unknown as new () => Params
NoPrototype.prototype = Object.create(null)

function decode(value: string): string | null {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}

/** One slash at the end is ignored, as in Express; of two, none. */
function dropSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') && !path.endsWith('//') ? path.slice(0, -1) : path
}

function noQuery(): null {
  return null
}

function neverCalled(): void {}
