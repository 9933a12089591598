/** `rescueFrom` of subscribers: what was declared, by class, and which handler an error meets. */
import type { AnyClass } from '../kernel'

/** Handles one error; may be asynchronous. */
export type RescueHandler = (error: unknown, subscriber: object, event: object) => unknown

export interface DeclaredRescue {
  readonly types: readonly AnyClass[]
  /** A function, or the name of a method. */
  readonly handler: RescueHandler | string
}

const declarations = new WeakMap<object, DeclaredRescue[]>()

export function declareRescue(type: object, rescue: DeclaredRescue): void {
  const own = declarations.get(type)
  if (own === undefined) declarations.set(type, [rescue])
  else own.push(rescue)
}

/** The declarations of `type` and its base classes, nearest first: its own before inherited ones, the last before the first. */
export function rescuesOf(type: object): readonly DeclaredRescue[] {
  const rescues: DeclaredRescue[] = []
  for (let owner: object | null = type; owner !== null; owner = Object.getPrototypeOf(owner)) {
    rescues.push(...(declarations.get(owner) ?? []).toReversed())
  }
  return rescues
}

/** The handler for `error`, bound to nothing, or `null`. */
export function findRescue(rescues: readonly DeclaredRescue[], error: unknown): RescueHandler | null {
  const found = rescues.find(({ types }) => types.some((type) => error instanceof type))
  if (found === undefined) return null
  const { handler } = found
  if (typeof handler === 'function') return handler
  return (thrown, subscriber, event) =>
    (subscriber as Record<string, (error: unknown, event: object) => unknown>)[handler]!(thrown, event)
}
