/**
 * Handlers that take everything below a path, as `app.use` of Express: looked at where no route matches, on the
 * raw path, at the border of a segment. There are few of them, so they are tried one after the other.
 */
import { compilePrefix } from './compiled-pattern'
import { type ConstraintRequest, passes } from './constraints'
import { BadMountError } from './errors'
import { type Entry, filled, type Match, type Params } from './match'
import type { Route } from './route'

interface Mounted<T> {
  readonly entry: Entry<T>
  readonly prefix: RegExp
  /** Without a slash at its end. */
  readonly shape: string
}

export class MountTable<T> {
  readonly #isCaseSensitive: boolean
  readonly #mounted: Mounted<T>[] = []

  constructor(isCaseSensitive: boolean) {
    this.#isCaseSensitive = isCaseSensitive
  }

  /**
   * @param routes all others, by `METHOD shape`.
   * @throws BadMountError when it would lie over one of them.
   */
  add(entry: Entry<T>, routes: ReadonlyMap<string, Route>): void {
    const { pattern, source, segments } = entry.route
    const shape = withoutSlash(entry.shape)
    for (const [key, route] of routes) {
      if (!isBelow(key.slice(key.indexOf(' ') + 1), shape)) continue
      const reason = `lies over ${route.method} ${route.pattern} (${route.source})`
      throw new BadMountError({ pattern, source, reason })
    }
    this.#mounted.push({ entry, prefix: compilePrefix(segments, this.#isCaseSensitive), shape })
  }

  /** @throws BadMountError when the route, or mount, lies below one of ours. */
  refuseBelow({ method, pattern, source, isMount }: Route, shape: string): void {
    for (const mounted of this.#mounted) {
      if (!isBelow(shape, mounted.shape)) continue
      const { route } = mounted.entry
      // Of two mounts, the first may be for some requests only.
      if (isMount && route.conditions.length > 0) continue
      const subject = isMount ? 'the mount' : method
      const reason = `lies over ${subject} ${pattern} (${source})`
      throw new BadMountError({ pattern: route.pattern, source: route.source, reason })
    }
  }

  find(pathname: string, request: ConstraintRequest | null): Match<T> | null {
    for (const { entry, prefix } of this.#mounted) {
      const values = prefix.exec(pathname)
      if (values === null) continue
      const params = Object.create(null) as Params
      const { conditions } = entry.route
      try {
        if (conditions.length > 0 && (request === null || !passes(entry.route, request))) continue
      } catch (failure) {
        return { store: entry, params, failure }
      }
      const match = filled(entry, params, values)
      if (match !== null) return { ...match, prefix: values[0] }
    }
    return null
  }

  /** Leaves constraints aside. */
  matches(pathname: string): boolean {
    return this.#mounted.some(({ prefix }) => prefix.test(pathname))
  }
}

function withoutSlash(shape: string): string {
  return shape.endsWith('/') ? shape.slice(0, -1) : shape
}

function isBelow(shape: string, prefix: string): boolean {
  return withoutSlash(shape) === prefix || shape.startsWith(`${prefix}/`)
}
