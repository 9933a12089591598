/** What the tree holds for a route, and what it answers: the route with the parameters of the path. */
import type { Choice } from './choice'
import type { CompiledPattern } from './compiled-pattern'
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
  /** Set when a constraint failed to answer: the request gets this error, and nothing else. */
  readonly failure?: unknown
  /** Of a mount: the beginning of the raw path that belongs to it. */
  readonly prefix?: string
}

/** Lets the regular expression decide, and takes the parameters from it. */
export function extract<T>(found: Entry<T> | Choice<T>, pathname: string, path: string): Match<T> | null {
  const store = 'chosen' in found ? found.chosen : found
  const values = store.exact.exec(store.hasWildcard ? pathname : path)
  if (values === null) return null
  const params: Params = new NoPrototype()
  if ('chosen' in found && found.failure !== null) return { store, params, failure: found.failure }
  return filled(store, params, values)
}

/** The parameters of `values`, behind those that the route sets by default. */
export function filled<T>(store: Entry<T>, params: Params, values: RegExpExecArray): Match<T> | null {
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
