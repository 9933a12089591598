/**
 * What a route may point to, as types: a wrong action name does not compile. Structural on purpose: the
 * router does not import the controller room.
 */

/** Any class, abstract or not. */
export type AnyController = abstract new (...args: never[]) => object

/** A class, or the name the runtime knows one by, such as `admin/articles`. */
export type ControllerRef = AnyController | string

/** An Express-style handler, as far as the router cares. */
export type AnyHandler = (...args: never[]) => unknown

/**
 * The public methods of a controller. `Reserved` are names that are no actions although they are methods:
 * the runtime passes `keyof Controller`, the members of the base class.
 */
export type ActionName<C, Reserved extends PropertyKey = never> = C extends AnyController
  ? Exclude<MethodName<InstanceType<C>>, Reserved>
  : never

/** A name valid where a controller is in scope; any string when only its name is known. */
export type ActionInScope<Current, Reserved extends PropertyKey> = Current extends string
  ? string
  : ActionName<Current, Reserved>

/** Handlers typed for another system's request and response, such as Express's own types. */
export type ForeignTarget<C extends AnyController, Reserved extends PropertyKey> =
  | AnyHandler
  | readonly AnyHandler[]
  | readonly [...AnyHandler[], readonly [C, ActionName<C, Reserved>] | `${string}#${string}`]

/**
 * A handler, `'controller#action'`, `[Controller, 'action']`, an action of the controller in scope, or a list of
 * middleware with a handler at its end.
 */
export type RouteTarget<C extends AnyController, Reserved extends PropertyKey, Handler, Current> =
  | readonly [C, ActionName<C, Reserved>]
  | `${string}#${string}`
  | Handler
  | ActionInScope<Current, Reserved>
  | readonly Handler[]

type MethodName<T> = { [K in keyof T]-?: T[K] extends AnyHandler ? K : never }[keyof T] & string
