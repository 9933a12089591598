/** The names of routes, and the way back from a name to a path. */
import { didYouMean } from '../kernel'
import { BadPathParamError, DuplicateRouteNameError, UnknownRouteNameError } from './errors'
import type { Part, Segment } from './pattern'
import type { Route } from './route'

/** Values for a path; those that the path has no place for become its query. */
export type PathParams = Readonly<Record<string, string | number>>

type Named = Pick<Route, 'pattern' | 'source'> & {
  /** One for each way to fill the optional parts, the longest first. */
  readonly variants: readonly (readonly Segment[])[]
}

export class NamedPaths {
  readonly #byName = new Map<string, Named>()

  /**
   * Takes a name made from a path, unless another path has it or it is no word.
   *
   * @returns the name, or `null`.
   */
  suggest(name: string, route: Named): string | null {
    if (!/^[A-Za-z_]\w*$/.test(name)) return null
    const owner = this.#byName.get(name)
    if (owner === undefined) this.#byName.set(name, route)
    return owner === undefined || owner.pattern === route.pattern ? name : null
  }

  /** Takes a name given with `as:`. @throws DuplicateRouteNameError */
  claim(name: string, route: Named): string {
    const owner = this.#byName.get(name)
    if (owner !== undefined && owner.pattern !== route.pattern) {
      const { pattern, source } = route
      throw new DuplicateRouteNameError({
        name,
        pattern,
        source,
        firstPattern: owner.pattern,
        firstSource: owner.source,
      })
    }
    this.#byName.set(name, owner ?? route)
    return name
  }

  /**
   * `pathFor('article_comment', { article_slug: 'a b', id: 3, page: 2 })` is `/articles/a%20b/comments/3?page=2`.
   *
   * @throws UnknownRouteNameError, BadPathParamError
   */
  pathFor(name: string, params: PathParams = {}): string {
    const named = this.#byName.get(name)
    if (named === undefined) {
      throw new UnknownRouteNameError({ name, hint: didYouMean(name, this.#byName.keys()) })
    }
    const segments = variantFor(named.variants, params)
    const used = new Set<string>()
    let path = ''
    for (const segment of segments) {
      path += '/'
      for (const part of segment) {
        if (part.kind !== 'text') used.add(part.name)
        path += part.kind === 'text' ? part.text : encodePart({ name, pattern: named.pattern, part, params })
      }
    }
    return (path || '/') + queryOf(params, used)
  }

  /** The names, each with its parameters, for types; see `routeTypes`. */
  entries(): IterableIterator<[string, Named]> {
    return this.#byName.entries()
  }
}

/** The longest variant whose parameters are all given; the shortest when there is none, for its error. */
function variantFor(variants: Named['variants'], params: PathParams): readonly Segment[] {
  const given = (part: Part): boolean =>
    part.kind === 'text' || (Object.hasOwn(params, part.name) && params[part.name] !== undefined)
  return variants.find((segments) => segments.flat().every(given)) ?? variants.at(-1)!
}

interface PartToEncode {
  readonly name: string
  readonly pattern: string
  readonly part: Exclude<Part, { readonly kind: 'text' }>
  readonly params: PathParams
}

function encodePart({ name, pattern, part, params }: PartToEncode): string {
  const given: unknown = Object.hasOwn(params, part.name) ? params[part.name] : undefined
  const value = typeof given === 'number' && Number.isFinite(given) ? String(given) : given
  const pieces = typeof value !== 'string' ? [''] : part.kind === 'wildcard' ? value.split('/') : [value]
  const encoded = pieces.map(encodeURIComponent).join('/')
  const fits =
    part.kind === 'wildcard' || part.allowed === null || new RegExp(`^(?:${part.allowed})$`).test(encoded)
  // "." and ".." cannot be written so that a browser leaves them alone: it resolves "%2e%2e" too.
  if (encoded === '' || pieces.includes('.') || pieces.includes('..') || !fits) {
    throw new BadPathParamError({ name, pattern, param: part.name, given })
  }
  return encoded
}

function queryOf(params: PathParams, used: ReadonlySet<string>): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(params)) {
    // Left out on purpose: an optional part.
    if (!used.has(key) && value !== undefined) query.append(key, String(value))
  }
  return query.size === 0 ? '' : `?${query}`
}
