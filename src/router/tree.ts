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
 * at all, even where a wildcard stands beside it. Among routes of one place, told apart by constraints, the
 * first that the request passes wins; where it passes none, less specific routes have their turn.
 */
import findMyWay from 'find-my-way'
import type { Resolved } from '../kernel'
import { Choice, choiceStrategy, type Probe } from './choice'
import { compilePattern, hiddenPercent } from './compiled-pattern'
import type { ConstraintRequest } from './constraints'
import { BadPatternError, DuplicateRouteError } from './errors'
import { type Entry, extract, type Match } from './match'
import { MountTable } from './mount-table'
import type { RouterOptions } from './options'
import type { Route } from './route'

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
  readonly #firstOfShape = new Map<string, Route>()
  readonly #choices = new Map<string, Choice<T>>()
  readonly #plainPlaces = new Map<string, Route>()
  readonly #prefixes = new Set<string>()
  readonly #probe: Probe = { request: null, isAsked: true }
  /** `undefined` while no route has constraints: find-my-way then does not look for any. */
  #derived: { readonly rage: Probe } | undefined
  #mounts: MountTable<T> | null = null

  constructor({ caseSensitive, strict }: Resolved<RouterOptions>) {
    this.#isCaseSensitive = caseSensitive
    this.#isStrict = strict
    this.#tree = findMyWay({
      caseSensitive,
      maxParamLength: Number.MAX_SAFE_INTEGER,
      querystringParser: noQuery,
      // Its types know constraints as texts only.
      constraints: { rage: choiceStrategy(this.#probe) as never },
    })
  }

  /**
   * @param value what `find` hands back as `match.store.value`.
   * @throws DuplicateRouteError, BadMountError, or BadPatternError for a parameter pattern that could be made to
   *         run for ever.
   */
  add(route: Route, value: T): void {
    const endsWithSlash = this.#isStrict && route.path.endsWith('/')
    const compiled = compilePattern(route.segments, this.#isCaseSensitive, endsWithSlash)
    const hasDefaults = Object.keys(route.defaults).length > 0
    const isPlain = compiled.isPlain && !hasDefaults
    const entry: Entry<T> = { ...compiled, isPlain, route, value, hasDefaults }
    this.#mounts?.refuseBelow(route, compiled.shape)
    if (route.isMount) return this.#addMount(entry)

    const place = `${route.method} ${compiled.place}`
    const plain = this.#plainPlaces.get(place)
    if (plain !== undefined) throw duplicate(route, plain)
    const shape = `${route.method} ${compiled.shape}`
    const choice = this.#choices.get(place)
    if (choice !== undefined) choice.add(entry)
    else if (route.conditions.length > 0 || this.#firstOfShape.has(shape)) this.#addChoice(entry, place)
    else {
      this.#on(entry, undefined, entry)
      this.#plainPlaces.set(place, route)
    }
    if (!this.#firstOfShape.has(shape)) this.#firstOfShape.set(shape, route)
    this.#methods.add(route.method)
    this.#addPrefix(compiled.shape)
  }

  /** find-my-way tells routes of one shape apart by nothing but constraints, so all but the first get one. */
  #addChoice(entry: Entry<T>, place: string): void {
    const choice = new Choice<T>(entry)
    this.#on(entry, { rage: () => choice }, choice)
    this.#choices.set(place, choice)
    this.#derived = { rage: this.#probe }
  }

  #on(
    { route, treePath }: Entry<T>,
    constraints: { rage: () => Choice<T> } | undefined,
    store: unknown,
  ): void {
    try {
      const options = constraints === undefined ? {} : { constraints: constraints as never }
      this.#tree.on(route.method as Method, treePath, options, neverCalled, store)
    } catch (cause) {
      const reason = `is refused: ${(cause as Error).message}`
      throw new BadPatternError({ pattern: route.pattern, reason, source: route.source }, { cause })
    }
  }

  #addMount(entry: Entry<T>): void {
    this.#mounts ??= new MountTable<T>(this.#isCaseSensitive)
    this.#mounts.add(entry, this.#firstOfShape)
    this.#addPrefix(entry.shape)
  }

  /** Of `/orders/:id/items` it is `/orders`; a route that begins with a parameter or is the root has none. */
  #addPrefix(shape: string): void {
    const open = shape.search(/[:*]/)
    const text = open === -1 ? shape : shape.slice(0, shape.lastIndexOf('/', open) + 1)
    if (text !== '/') this.#prefixes.add(text.replace(/\/$/, ''))
  }

  /**
   * The route for a request, or `null`. HEAD is served by GET where no HEAD route matches.
   *
   * @param method   upper case, as Node gives it.
   * @param pathname raw path, without query. One that does not begin with `/` matches nothing.
   * @param request  for constraints; without it, routes that have some match nothing.
   */
  find(method: string, pathname: string, request: ConstraintRequest | null = null): Match<T> | null {
    this.#probe.request = request
    const found = method === 'HEAD' ? this.#findHead(pathname) : this.#find(method, pathname)
    // Nobody is to be kept from the garbage collector until the next request.
    this.#probe.request = null
    if (found !== null || this.#mounts === null || neverMatches.test(pathname)) return found
    return this.#mounts.find(pathname, request)
  }

  #findHead(pathname: string): Match<T> | null {
    return this.#find('HEAD', pathname) ?? this.#find('GET', pathname)
  }

  /** Whether any method has a route for this path, leaving constraints aside. */
  matches(pathname: string): boolean {
    this.#probe.isAsked = false
    const isFound = this.#anyMethod(pathname)
    this.#probe.isAsked = true
    return isFound || (this.#mounts?.matches(pathname) ?? false)
  }

  #anyMethod(pathname: string): boolean {
    for (const method of this.#methods) if (this.#find(method, pathname) !== null) return true
    return false
  }

  /**
   * The methods that have a route for this path, in the order they were first drawn; HEAD behind GET. For
   * requests that met none.
   */
  allowedMethods(pathname: string, request: ConstraintRequest | null = null): readonly string[] {
    this.#probe.request = request
    const allowed = new Set<string>()
    for (const method of this.#methods) {
      if (this.#find(method, pathname) === null) continue
      allowed.add(method)
      if (method === 'GET') allowed.add('HEAD')
    }
    this.#probe.request = null
    return [...allowed]
  }

  /** Whether the path is, or lies below, text that a route begins with: `/orders` of `/orders/:id`. */
  ownsPrefix(pathname: string): boolean {
    const path = this.#isCaseSensitive ? pathname : pathname.toLowerCase()
    for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) {
      if (this.#prefixes.has(path.slice(0, end))) return true
    }
    return this.#prefixes.has(path)
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
    // The tree holds nothing but entries of T and choices among them, and its parameters are all set.
    const found = this.#tree.find(method as Method, path, this.#derived as never) as Match<T> | null
    if (found === null || found.store.isPlain) return found
    return extract(found.store, pathname, path)
  }

  #findUnusual(method: string, pathname: string): Match<T> | null {
    if (neverMatches.test(pathname)) return null
    const path = this.#isStrict ? pathname : dropSlash(pathname)
    const hidden = path.replaceAll('%', hiddenPercent)
    const found = this.#tree.find(method as Method, hidden, this.#derived as never)
    return found === null ? null : extract(found.store as Entry<T>, pathname, path)
  }
}

/** One slash at the end is ignored, as in Express; of two, none. */
function dropSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') && !path.endsWith('//') ? path.slice(0, -1) : path
}

function duplicate(route: Route, first: Route): DuplicateRouteError {
  const { method, pattern, source } = route
  return new DuplicateRouteError({
    method,
    pattern,
    source,
    firstPattern: first.pattern,
    firstSource: first.source,
  })
}

function noQuery(): null {
  return null
}

function neverCalled(): void {}
