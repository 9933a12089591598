/**
 * The base of the users' controllers: one instance per request, its methods are the actions. What an action
 * renders is kept until every callback has run and only then written, so that an after-callback can still
 * look at it or refuse it.
 */
import { type Params, type Rendered, type Request, type Response, type Status, statusCode } from '../http'
import type { AnyClass } from '../kernel'
import type { Logger } from '../logger'
import {
  type AroundCallback,
  type Callback,
  type CallbackOptions,
  declareCallback,
  declareRescue,
} from './callbacks'
import { DoubleRenderError, NothingToRenderError, UnserializableError } from './errors'
import type { Exchange } from './exchange'

type ControllerClass<C extends Controller> = abstract new (exchange: Exchange) => C

/** Exactly one of `json`, `text`, `html` or `body`. */
export interface RenderOptions {
  /** Anything with a JSON form. Content-Type `application/json; charset=utf-8`. */
  readonly json?: unknown
  /** Content-Type `text/plain; charset=utf-8`. */
  readonly text?: string
  /** Content-Type `text/html; charset=utf-8`; sent as it is. */
  readonly html?: string
  /** Bytes or text of the type set on `this.res`, or `application/octet-stream`. */
  readonly body?: Buffer | string
  /** Default 200. */
  readonly status?: Status
  /** Replaces the Content-Type. */
  readonly contentType?: string
}

export abstract class Controller {
  /** Node's request, with whatever earlier middleware put on it. */
  readonly req: Request
  /** Node's response: set headers and cookies here; `render` writes it. */
  readonly res: Response
  /** The action being run. Set by the dispatcher. */
  readonly actionName: string
  /** What was rendered so far, or `null`. After-callbacks see the final value. */
  rendered: Rendered | null
  readonly #exchange: Exchange

  constructor(exchange: Exchange, actionName = '') {
    this.req = exchange.req
    this.res = exchange.res
    this.actionName = actionName
    this.rendered = null
    this.#exchange = exchange
  }

  /** Path, body and query parameters, in that order of precedence; no `__proto__`, bounded depth. */
  get params(): Params {
    return this.#exchange.params
  }

  /** The request's headers, by lower-case name. */
  get headers(): Request['headers'] {
    return this.req.headers
  }

  /** Its lines carry this request's id. */
  get logger(): Logger {
    return this.#exchange.logger
  }

  /** Something was rendered, or the response was answered directly. */
  get performed(): boolean {
    return this.rendered !== null || this.res.headersSent || this.res.writableEnded
  }

  /**
   * Renders the response; written once the action and its callbacks are done.
   *
   * @throws DoubleRenderError, NothingToRenderError, UnserializableError, UnknownStatusError
   */
  render(options: RenderOptions): void {
    this.#refuseSecondRender()
    const { contentType = null } = options
    const status = options.status === undefined ? 200 : statusCode(options.status)
    if (options.json !== undefined)
      this.#keep(status, contentType ?? 'application/json; charset=utf-8', this.#toJson(options.json))
    else if (options.text !== undefined)
      this.#keep(status, contentType ?? 'text/plain; charset=utf-8', options.text)
    else if (options.html !== undefined)
      this.#keep(status, contentType ?? 'text/html; charset=utf-8', options.html)
    else if (options.body !== undefined) this.#keep(status, contentType ?? this.#ownType(), options.body)
    else
      throw new NothingToRenderError({
        controller: this.constructor.name,
        given: `the keys ${Object.keys(options).join(', ') || '(none)'}`,
      })
  }

  /** A status without a body. @throws DoubleRenderError, UnknownStatusError */
  head(status: Status): void {
    this.#refuseSecondRender()
    this.#keep(statusCode(status), null, null)
  }

  /** `Location` and a redirect status (302 unless given). @throws DoubleRenderError, UnknownStatusError */
  redirectTo(url: string, options: { readonly status?: Status } = {}): void {
    this.#refuseSecondRender()
    this.res.setHeader('Location', encodeURI(url).replace(/%25([0-9a-f]{2})/gi, '%$1'))
    this.#keep(statusCode(options.status ?? 302), null, null)
  }

  #refuseSecondRender(): void {
    if (this.rendered !== null)
      throw new DoubleRenderError({ controller: this.constructor.name, action: this.actionName })
  }

  #keep(status: number, contentType: string | null, body: string | Buffer | null): void {
    this.rendered = { status, contentType, body }
  }

  #toJson(value: unknown): string {
    let json: string | undefined
    let cause: unknown
    try {
      json = this.#exchange.settings.stringify(value)
    } catch (error) {
      cause = error
    }
    if (json !== undefined) return json
    throw new UnserializableError({ controller: this.constructor.name, action: this.actionName }, { cause })
  }

  #ownType(): string | null {
    return this.res.hasHeader('Content-Type') ? null : 'application/octet-stream'
  }

  /**
   * Runs before the action, in order of declaration, the base class's first. One that renders halts the chain.
   *
   * @param what a method by name, or a function given the controller (which reaches `#private` members).
   */
  static beforeAction<C extends Controller>(
    this: ControllerClass<C>,
    what: Callback<C>,
    options: CallbackOptions<C> = {},
  ): void {
    declareCallback(this, 'before', what, options as CallbackOptions<never>)
  }

  /** Runs after the action, last declared first, unless the chain was halted; sees `this.rendered`. */
  static afterAction<C extends Controller>(
    this: ControllerClass<C>,
    what: Callback<C>,
    options: CallbackOptions<C> = {},
  ): void {
    declareCallback(this, 'after', what, options as CallbackOptions<never>)
  }

  /** Runs around everything declared after it and the action: `async (controller, next) => { await next() }`. */
  static aroundAction<C extends Controller>(
    this: ControllerClass<C>,
    what: AroundCallback<C>,
    options: CallbackOptions<C> = {},
  ): void {
    declareCallback(this, 'around', what, options as CallbackOptions<never>)
  }

  /** Takes back an inherited or earlier before-action, for some actions or all. */
  static skipBeforeAction<C extends Controller>(
    this: ControllerClass<C>,
    what: Callback<C>,
    options: Pick<CallbackOptions<C>, 'only' | 'except'> = {},
  ): void {
    declareCallback(this, 'skip', what, options as CallbackOptions<never>)
  }

  /**
   * Handles errors of these classes thrown by callbacks and actions; the nearest declaration wins. The handler
   * renders; what it throws goes to the app's error handling.
   */
  static rescueFrom<C extends Controller, E extends object>(
    this: ControllerClass<C>,
    types: (abstract new (...args: never[]) => E) | readonly (abstract new (...args: never[]) => E)[],
    handler: (keyof C & string) | ((error: E, controller: C) => unknown),
  ): void {
    const list = (Array.isArray(types) ? types : [types]) as readonly AnyClass[]
    declareRescue(this, { types: list, handler: handler as never })
  }
}
