/**
 * The base of the users' controllers: one instance per request, its methods are the actions. What an action
 * renders is kept until every callback has run and only then written, so that an after-callback can still
 * look at it or refuse it.
 */
import {
  type Cookies,
  clientGone,
  type Params,
  type ProblemOptions,
  problemDocument,
  problemType,
  type Rendered,
  type Request,
  type Response,
  type Session,
  type Status,
  statusCode,
} from '../http'
import type { Logger } from '../logger'
import {
  type AuthenticationRequest,
  type BasicLogin,
  byBasic,
  byToken,
  demand,
  type TokenLogin,
} from './authentication'
import { cacheControl, type ExpiryOptions, type FreshnessOptions, isUnchanged } from './conditional-get'
import { Declarations } from './declarations'
import { DoubleRenderError, NotValidatedError } from './errors'
import type { Exchange } from './exchange'
import { answerByFormat, type Formats } from './format-choice'
import { locationFor } from './location'
import { orElse } from './login'
import { type CustomRender, discardSources, type RenderOptions, renderedFrom } from './rendering'
import type { Schema, SchemaOutput } from './validation'

export interface RedirectOptions {
  /** @defaultValue `302` */
  readonly status?: Status
  /** Whether the address may be on another host than the request's. @defaultValue `false` */
  readonly allowOtherHost?: boolean
}

/** What a controller works on. @internal */
export let exchangeOf: (controller: AnyController) => Exchange

/** A controller, whatever its request and response are called. */
export type AnyController = Controller<unknown, unknown>

/**
 * @typeParam Req, Res types of `this.req` and `this.res` where the host's own are wanted:
 *   `class ApplicationController extends Controller<express.Request, express.Response>`.
 */
export abstract class Controller<Req = Request, Res = Response> extends Declarations {
  static {
    exchangeOf = (controller) => controller.#exchange
  }

  /** Node's request, with whatever earlier middleware put on it. */
  readonly req: Req
  /** Node's response: set headers and cookies here; `render` writes it. */
  readonly res: Res
  /** The action being run. Set by the dispatcher. */
  readonly actionName: string
  /** What was rendered so far, or `null`. After-callbacks see the final value. */
  rendered: Rendered | null
  readonly #exchange: Exchange
  #signal: AbortSignal | null

  constructor(exchange: Exchange, actionName = '') {
    super()
    // The same objects, by the names the application's host gives them.
    this.req = exchange.req as Req
    this.res = exchange.res as Res
    this.actionName = actionName
    this.rendered = null
    this.#exchange = exchange
    this.#signal = null
  }

  /** The same as `this.req`. */
  get request(): Req {
    return this.req
  }

  /** The same as `this.res`. */
  get response(): Res {
    return this.res
  }

  /** Path, body and query parameters, in that order of precedence; no `__proto__`, bounded depth. */
  get params(): Params {
    return this.#exchange.params
  }

  /** What a schema declared with `validates` made of the parameters, with its type. @throws NotValidatedError */
  validated<S extends Schema>(schema: S): SchemaOutput<S> {
    const found = this.#exchange.validatedBy(schema)
    // The schema itself made the value, so it has the type the schema says.
    if (found !== undefined) return found.value as SchemaOutput<S>
    throw new NotValidatedError({ controller: this.constructor.name, action: this.actionName })
  }

  /** The request's headers, by lower-case name. */
  get headers(): Request['headers'] {
    return this.#exchange.req.headers
  }

  /** Cookies that came and cookies to set; plain, `signed` and `encrypted` ones. */
  get cookies(): Cookies {
    return this.#exchange.cookies
  }

  /**
   * What is kept between the requests of one browser: that of an earlier middleware (`req.session`) if there is one, else
   * JSON values in an encrypted cookie, written with the response if they changed.
   *
   * @throws SecretsMissingError, without such a middleware and without the option `secrets`.
   */
  get session(): Session {
    return this.#exchange.session
  }

  /**
   * Forgets the session; call it on login and logout. That of express-session gets a new id, for which this must be awaited.
   *
   * @throws SecretsMissingError
   */
  resetSession(): Promise<void> {
    return this.#exchange.resetSession()
  }

  /** Its lines carry this request's id. */
  get logger(): Logger {
    return this.#exchange.logger
  }

  /** Fires when the client goes away before the answer is complete: hand it to `fetch`, queries, generators. */
  get signal(): AbortSignal {
    this.#signal ??= clientGone(this.#exchange.res)
    return this.#signal
  }

  /** Something was rendered, or the response was answered directly. */
  get performed(): boolean {
    const { res } = this.#exchange
    return this.rendered !== null || res.headersSent || res.writableEnded
  }

  /**
   * Renders the response; written once the action and its callbacks are done.
   *
   * @throws DoubleRenderError, NothingToRenderError, UnserializableError, UnknownStatusError, FileRootMissingError,
   *   NotStreamableError
   */
  render(options: RenderOptions): void
  render<Name extends string>(options: CustomRender<Name>): void
  render(options: RenderOptions): void {
    try {
      this.#refuseSecondRender()
      this.rendered = renderedFrom(options, this, this.#exchange)
    } catch (error) {
      discardSources(options)
      throw error
    }
  }

  /** A status without a body. @throws DoubleRenderError, UnknownStatusError */
  head(status: Status): void {
    this.#refuseSecondRender()
    this.rendered = { status: statusCode(status), contentType: null, body: null }
  }

  /**
   * `Location` and a redirect status. Another host than the request's is refused unless it is allowed: never allow it for
   * an address that came from a client.
   *
   * @throws UnsafeRedirectError, InvalidRedirectError, DoubleRenderError, UnknownStatusError
   */
  redirectTo(url: string | URL, { status = 302, allowOtherHost = false }: RedirectOptions = {}): void {
    const code = statusCode(status)
    this.#refuseSecondRender()
    const where = `${this.constructor.name}#${this.actionName}`
    this.#exchange.res.setHeader('Location', locationFor(url, this.#exchange.req, { where, allowOtherHost }))
    this.rendered = { status: code, contentType: null, body: null }
  }

  /** A problem document (RFC 9457) of `status`, `title`, `detail`, `type`, `instance` and members of your own. */
  renderProblem(problem: ProblemOptions): void {
    const document = problemDocument(problem)
    this.render({ json: document, status: document.status, contentType: problemType })
  }

  /**
   * Runs the answer for the format the client likes best: `{ json: () => order, csv: () => this.render(...), any: ... }`. By
   * the path's extension where the route has a parameter `format`, else by Accept: q-values first, then the client's order,
   * then the order of declaration. What the answer returns is rendered in its format; return the promise of an async one.
   *
   * @throws NotAcceptableError (406)
   */
  respondTo(formats: Formats): unknown {
    return answerByFormat(formats, this, this.#exchange)
  }

  /**
   * Sets ETag and Last-Modified, and renders 304 when the client's copy is still good.
   *
   * @returns whether the response must be made: `if (this.stale({ etag: order.version })) return order`.
   */
  stale(options: FreshnessOptions): boolean {
    if (!isUnchanged(this.#exchange, options)) return true
    this.head(304)
    return false
  }

  /** As `stale`, for an action that renders nothing else. */
  freshWhen(options: FreshnessOptions): void {
    this.stale(options)
  }

  /** `Cache-Control: max-age=<seconds>`, private unless said otherwise. @throws InvalidOptionError */
  expiresIn(seconds: number, options: ExpiryOptions = {}): void {
    this.#exchange.res.setHeader('Cache-Control', cacheControl(seconds, options))
  }

  /** What `login` says of the token in `Authorization: Token ...` or `Bearer ...`; `null` without one. */
  authenticateWithHttpToken<T>(login: TokenLogin<T>): T | null {
    return byToken(this.#exchange, login)
  }

  /** As `authenticateWithHttpToken`; renders 401 when that is falsy. The answer waits for an async `login`. */
  authenticateOrRequestWithHttpToken<T>(login: TokenLogin<T>, options: AuthenticationRequest = {}): T | null {
    return orElse(this.authenticateWithHttpToken(login), this, {
      exchange: this.#exchange,
      refuse: () => this.requestHttpTokenAuthentication(options),
    })
  }

  /** 401 with `WWW-Authenticate: Token`. */
  requestHttpTokenAuthentication(options: AuthenticationRequest = {}): void {
    demand('Token', this, this.#exchange, options)
  }

  /** What `login` says of the name and password in `Authorization: Basic ...`; `null` without them. */
  authenticateWithHttpBasic<T>(login: BasicLogin<T>): T | null {
    return byBasic(this.#exchange, login)
  }

  /** As `authenticateWithHttpBasic`; renders 401 when that is falsy. The answer waits for an async `login`. */
  authenticateOrRequestWithHttpBasic<T>(login: BasicLogin<T>, options: AuthenticationRequest = {}): T | null {
    return orElse(this.authenticateWithHttpBasic(login), this, {
      exchange: this.#exchange,
      refuse: () => this.requestHttpBasicAuthentication(options),
    })
  }

  /** 401 with `WWW-Authenticate: Basic`. */
  requestHttpBasicAuthentication(options: AuthenticationRequest = {}): void {
    demand('Basic', this, this.#exchange, options)
  }

  /** Override it to add fields to the request's log line; called when the action is done, or has failed. */
  appendInfoToPayload(_payload: Record<string, unknown>): void {}

  #refuseSecondRender(): void {
    if (this.rendered !== null)
      throw new DoubleRenderError({ controller: this.constructor.name, action: this.actionName })
  }
}
