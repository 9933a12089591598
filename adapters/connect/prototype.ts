/** How the prototypes of requests and responses are made: everything enumerable and writable, as in Express. */
import type { StandInApp } from './app'

/** Takes its own `this`: requests and responses, which TypeScript cannot know here. */
export type Method = (this: never, ...args: never[]) => unknown

/**
 * @param base what the objects were before; not touched.
 * @param app  what `req.app` and `res.app` answer, which a host or a test may replace.
 */
export function derivedFrom(base: object, app: StandInApp): object {
  const prototype: object = Object.create(base)
  return Object.defineProperty(prototype, 'app', {
    value: app,
    writable: true,
    configurable: true,
    enumerable: true,
  })
}

/**
 * One prototype for each kind of object that servers make: those of `node:http` at once; those of `node:http2`, which
 * share nothing with them, and subclasses (option `IncomingMessage` of a server) when the first one comes.
 */
export function forEachBase(usual: object, make: (base: object) => object): (base: object) => object {
  const onUsual = make(usual)
  const others = new WeakMap<object, object>()
  return (base) => {
    if (base === usual) return onUsual
    let made = others.get(base)
    if (made === undefined) others.set(base, (made = make(base)))
    return made
  }
}

export function define(prototype: object, methods: Readonly<Record<string, Method>>): void {
  Object.assign(prototype, methods)
}

export function defineGetters(
  prototype: object,
  getters: Readonly<Record<string, (this: never) => unknown>>,
): void {
  for (const [name, getter] of Object.entries(getters))
    Object.defineProperty(prototype, name, { configurable: true, enumerable: true, get: getter })
}
