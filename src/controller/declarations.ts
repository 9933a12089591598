/** The words of a controller's `static` block. Each only notes what was said; compilePlan() reads it at boot. */
import { problemOf } from '../http'
import type { AnyClass } from '../kernel'
import { type BasicCredentials, basicAuthentication } from './authentication'
import {
  type AroundCallback,
  type Callback,
  type CallbackKind,
  type CallbackOptions,
  declareCallback,
  declareRescue,
  declareWrap,
} from './callbacks'
import type { Controller } from './controller'
import type { Exchange } from './exchange'
import { type ConnectMiddleware, type ForeignMiddleware, refuseNoMiddleware } from './middleware'
import type { ParamsSource, Schema } from './validation'
import { paramsWrap, type WrapOptions } from './wrapped-params'

type ControllerClass<C extends object> = abstract new (exchange: Exchange) => C
type ErrorType<E extends object> = abstract new (...args: never[]) => E
type SkipOptions<C> = Pick<CallbackOptions<C>, 'only' | 'except'>
/** What `this.req` and `this.res` are. */
type Wire = { readonly req: unknown; readonly res: unknown }

export abstract class Declarations {
  /**
   * Runs before the action, in order of declaration, the base class's first. One that renders halts the chain.
   *
   * @param what a method by name, or a function given the controller (which reaches `#private` members).
   */
  static beforeAction<C extends object>(
    this: ControllerClass<C>,
    what: Callback<C>,
    options: CallbackOptions<C> = {},
  ): void {
    declare(this, 'beforeAction', what, options)
  }

  /** As `beforeAction`, but before everything declared so far, the base class's callbacks included. */
  static prependBeforeAction<C extends object>(
    this: ControllerClass<C>,
    what: Callback<C>,
    options: CallbackOptions<C> = {},
  ): void {
    declare(this, 'prependBeforeAction', what, options)
  }

  /**
   * Runs after the action, last declared first, unless the chain was halted; sees `this.rendered`. What it throws
   * replaces the response, which has not been written yet.
   */
  static afterAction<C extends object>(
    this: ControllerClass<C>,
    what: Callback<C>,
    options: CallbackOptions<C> = {},
  ): void {
    declare(this, 'afterAction', what, options)
  }

  /** Runs around everything declared after it and the action: `async (controller, next) => { await next() }`. */
  static aroundAction<C extends object>(
    this: ControllerClass<C>,
    what: AroundCallback<C>,
    options: CallbackOptions<C> = {},
  ): void {
    declare(this, 'aroundAction', what, options)
  }

  /** Takes back an inherited or earlier before-action or middleware, for some actions or all. */
  static skipBeforeAction<C extends object>(
    this: ControllerClass<C>,
    what: Callback<C>,
    options?: SkipOptions<C>,
  ): void
  static skipBeforeAction<C extends object>(
    this: ControllerClass<C>,
    middleware: ForeignMiddleware,
    options?: SkipOptions<C>,
  ): void
  static skipBeforeAction<C extends object>(
    this: ControllerClass<C>,
    what: Callback<C> | ForeignMiddleware,
    options: SkipOptions<C> = {},
  ): void {
    declare(this, 'skipBeforeAction', what, options)
  }

  /** Takes back an inherited or earlier after-action, for some actions or all. */
  static skipAfterAction<C extends object>(
    this: ControllerClass<C>,
    what: Callback<C>,
    options: SkipOptions<C> = {},
  ): void {
    declare(this, 'skipAfterAction', what, options)
  }

  /** Takes back an inherited or earlier around-action, for some actions or all. */
  static skipAroundAction<C extends object>(
    this: ControllerClass<C>,
    what: AroundCallback<C>,
    options: SkipOptions<C> = {},
  ): void {
    declare(this, 'skipAroundAction', what, options)
  }

  /**
   * Runs a Connect or Express middleware `(req, res, next)` as a before-action. `next()` goes on, `next(error)` and
   * what it throws go to `rescueFrom`, `next('route')` passes the request on to the host; one that answers halts.
   *
   * @throws NotAMiddlewareError; ErrorMiddlewareError for a function of four parameters
   */
  static use<C extends Wire>(
    this: ControllerClass<C>,
    middleware: ConnectMiddleware<C['req'], C['res']>,
    options?: CallbackOptions<C>,
  ): void
  static use<C extends Wire>(
    this: ControllerClass<C>,
    middleware: ForeignMiddleware | readonly ForeignMiddleware[],
    options?: CallbackOptions<C>,
  ): void
  static use<C extends Wire>(
    this: ControllerClass<C>,
    middleware: ForeignMiddleware | readonly ForeignMiddleware[],
    options: CallbackOptions<C> = {},
  ): void {
    for (const one of [middleware].flat() as ForeignMiddleware[]) {
      refuseNoMiddleware(one, this.name)
      declare(this, 'use', one, options)
    }
  }

  /**
   * Checks the parameters of these actions by a Standard Schema (zod, valibot, arktype, ...), in the order of the
   * before-actions. From then on `this.params` holds the path parameters and what the schema made of its input, and
   * `this.validated(schema)` is typed. What does not fit is a 422 problem document unless InvalidParamsError is rescued.
   *
   * @param options `from`: what the schema is given. Default `'params'`: path, body and query together.
   * @throws NotASchemaError, at boot
   */
  static validates<C extends object>(
    this: ControllerClass<C>,
    actions: (keyof C & string) | readonly (keyof C & string)[],
    schema: Schema,
    options: { readonly from?: ParamsSource } = {},
  ): void {
    const { from = 'params', ...rest } = options
    declare(this, 'validates', { schema, from }, { ...rest, only: actions })
  }

  /**
   * Repeats the members of a JSON body under one name, unless the client sent that name: `{ "sku": 1 }` arrives as
   * `params.order.sku` too. `false` takes back an inherited one.
   */
  static wrapParameters(this: AnyClass, name: string | false, options: WrapOptions = {}): void {
    declareWrap(this, name === false ? null : paramsWrap(name, options))
  }

  /** A before-action that lets in one name and password; compared in constant time. */
  static httpBasicAuthenticateWith<C extends object>(
    this: ControllerClass<C>,
    { name, password, realm, ...options }: BasicCredentials & CallbackOptions<C>,
  ): void {
    const check = basicAuthentication({ name, password, ...(realm === undefined ? null : { realm }) })
    declare(this, 'beforeAction', (controller: Controller) => check(controller), options)
  }

  /**
   * Handles errors of these classes thrown by callbacks and actions; the nearest declaration wins. The handler
   * renders; what it throws goes to the app's error handling.
   */
  static rescueFrom<C extends object, E extends object>(
    this: ControllerClass<C>,
    types: ErrorType<E> | readonly ErrorType<E>[],
    handler: (keyof C & string) | ((error: E, controller: C) => unknown),
  ): void {
    const list = (Array.isArray(types) ? types : [types]) as readonly AnyClass[]
    const handles = (error: unknown): boolean => list.some((type) => error instanceof type)
    declareRescue(this, { handles, handler: handler as never })
  }

  /**
   * Answers errors that are the client's doing (a `status` from 400 to 499, as errors of rage-js and `http-errors`
   * have) as problem documents. Server errors go to the app's error handling as before.
   */
  static rescueAsProblems<C extends object>(this: ControllerClass<C>): void {
    const handles = (error: unknown): boolean => problemOf(error) !== null
    declareRescue(this, {
      handles,
      handler: ((error: unknown, controller: Controller) =>
        controller.renderProblem(problemOf(error)!)) as never,
    })
  }
}

function declare(type: unknown, kind: CallbackKind, what: unknown, options: object): void {
  declareCallback(type as AnyClass, kind, what, options as CallbackOptions<never>)
}
