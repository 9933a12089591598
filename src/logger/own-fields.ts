/** What a logger made from another one, by `with`, `tagged` or for one request, adds to each of its lines. */
import type { Context } from '../context'

export interface OwnFields {
  readonly tags: readonly string[]
  readonly fields: Readonly<Record<string, unknown>> | null
  /** The unit of work it belongs to, wherever it is used; its lines have the id of that already. */
  readonly context: Context | null
}

const nothing: OwnFields = { tags: [], fields: null, context: null }
const key = Symbol('rage.own')

/** Inherited: children of a logger add what it adds. */
export function ownOf(logger: object): OwnFields {
  return (logger as { readonly [key]?: OwnFields })[key] ?? nothing
}

export function setOwn(logger: object, own: OwnFields): void {
  Object.defineProperty(logger, key, { value: own, configurable: true })
}
