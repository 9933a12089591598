/** One request on its way through a controller: what the host hands in, settled before the action runs. */
import {
  buildParams,
  CookieSession,
  Cookies,
  type FormLimits,
  hostSession,
  type Params,
  type Request,
  type Response,
  type ResponseSettings,
  resetHostSession,
  type Secrets,
  type Session,
  type SessionSettings,
  sessionOptions,
} from '../http'
import { resolveOptions } from '../kernel'
import type { Logger } from '../logger'
import type { ErrorReports } from '../telemetry'
import type { Login } from './login'
import type { Renderers } from './renderers'
import type { ParamsSource, Schema } from './validation'
import { type ParamsWrap, wrapParams } from './wrapped-params'

/** What cookies and the session need to know; the same object for all requests of a runtime. */
export interface CookieSettings {
  /** `null` = none were given: only plain cookies can be used. */
  readonly secrets: Secrets | null
  readonly session: SessionSettings
}

const plainCookies: CookieSettings = {
  secrets: null,
  session: resolveOptions(sessionOptions, undefined, 'session'),
}

/** Every field is assigned here, in one order: requests share one hidden class. */
export class Exchange {
  readonly req: Request
  readonly res: Response
  readonly logger: Logger
  readonly settings: ResponseSettings
  /** Of the application; `null` = none. */
  readonly renderers: Renderers | null
  /** How the controller wraps bodies. Set by the dispatcher. */
  wrap: ParamsWrap | null
  /** Further fields of the request's log line, once the action has run; `null` = none. */
  logFields: Record<string, unknown> | null
  /** Asynchronous logins that may still refuse; `null` = none. */
  logins: Login<unknown>[] | null
  readonly #pathParams: Readonly<Record<string, unknown>>
  readonly #paramLimits: FormLimits
  #body: unknown
  #params: Params | null
  /** What schemas made of the parameters; `null` while none has looked. */
  #validated: Map<Schema, unknown> | null
  readonly #cookieSettings: CookieSettings
  #cookies: Cookies | null
  #session: CookieSession | null
  readonly #errors: ErrorReports | null

  constructor(facts: {
    readonly req: Request
    readonly res: Response
    readonly logger: Logger
    readonly settings: ResponseSettings
    readonly renderers?: Renderers | null
    readonly pathParams: Readonly<Record<string, unknown>>
    readonly paramLimits: FormLimits
    readonly body: unknown
    readonly cookies?: CookieSettings
    /** `null` = failures that nobody sees are only logged. */
    readonly errors?: ErrorReports | null
  }) {
    this.req = facts.req
    this.res = facts.res
    this.logger = facts.logger
    this.settings = facts.settings
    this.renderers = facts.renderers ?? null
    this.wrap = null
    this.logFields = null
    this.logins = null
    this.#pathParams = facts.pathParams
    this.#paramLimits = facts.paramLimits
    this.#body = facts.body
    this.#params = null
    this.#validated = null
    this.#cookieSettings = facts.cookies ?? plainCookies
    this.#cookies = null
    this.#session = null
    this.#errors = facts.errors ?? null
  }

  /** A failure that can no longer be answered with. @param during what was going on, as a sentence. */
  failed(error: unknown, during: string): void {
    if (this.#errors === null) this.logger.error({ err: error }, during)
    else this.#errors.report(error, { during })
  }

  /**
   * Waits until no login is under way.
   *
   * @param forgives whether the failure of a login is left to those who look at its promise; else it is always thrown.
   * @returns whether one was refused; then the refusal is rendered.
   */
  async settleLogins(forgives: boolean): Promise<boolean> {
    let isRefused = false
    while (this.logins !== null) {
      const logins = this.logins
      this.logins = null
      for (const login of logins) isRefused = (await login.settled(forgives)) || isRefused
    }
    return isRefused
  }

  /** Built when first asked for: many actions never look. */
  get params(): Params {
    this.#params ??= this.#received()
    return this.#params
  }

  /** The extension of the path, where the route has a parameter `format`, or `null`. */
  get format(): string | null {
    const { format } = this.#pathParams
    return typeof format === 'string' && format !== '' ? format : null
  }

  /** What the client sent, unvalidated. */
  paramsFrom(source: ParamsSource): unknown {
    // Built whole in any case: that is where dangerous input is refused.
    const received = this.#received()
    if (source === 'params') return received
    if (source === 'path') return { ...this.#pathParams }
    if (source === 'body') return this.#body
    return buildParams({}, this.req, undefined, this.#paramLimits)
  }

  /**
   * From now on only what schemas let through can be seen, and the path, which the route has checked: a schema of
   * body or query does not replace it.
   */
  keepValidated(schema: Schema, value: unknown, source: ParamsSource): void {
    const isFirst = this.#validated === null
    this.#validated ??= new Map()
    this.#validated.set(schema, value)
    const params: Params = isFirst ? Object.assign(Object.create(null), this.#pathParams) : this.#params!
    this.#params = params
    if (typeof value !== 'object' || value === null) return
    const isOfPath = source === 'params' || source === 'path'
    for (const [name, member] of Object.entries(value))
      if (isOfPath || !Object.hasOwn(this.#pathParams, name)) params[name] = member
  }

  /** `undefined` = that schema was not asked. */
  validatedBy(schema: Schema): { readonly value: unknown } | undefined {
    return this.#validated?.has(schema) ? { value: this.#validated.get(schema) } : undefined
  }

  #received(): Params {
    const params = buildParams(this.#pathParams, this.req, this.#body, this.#paramLimits)
    if (this.wrap !== null) wrapParams(params, this.wrap, this.req, this.#body)
    return params
  }

  /** Parsed when first asked for. */
  get cookies(): Cookies {
    this.#cookies ??= new Cookies(this.req, this.res, this.#cookieSettings.secrets)
    return this.#cookies
  }

  /** That of an earlier middleware if there is one, else our own in a cookie. @throws SecretsMissingError */
  get session(): Session {
    return (this.#session === null ? hostSession(this.req) : null) ?? this.#ownSession.data
  }

  async resetSession(): Promise<void> {
    const session = this.#session === null ? hostSession(this.req) : null
    if (session === null) this.#ownSession.reset()
    else await resetHostSession(session)
  }

  /** Called when the response is complete but not yet begun, so that what goes wrong can be rescued. @throws SessionNotSavedError */
  saveSession(): void {
    this.#session?.save()
  }

  get #ownSession(): CookieSession {
    this.#session ??= new CookieSession(this.cookies, this.res, this.#cookieSettings.session, (error) =>
      this.failed(error, 'The session was not saved.'),
    )
    return this.#session
  }
}
