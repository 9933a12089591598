/**
 * One request on its way in: the host offers it, owned routes claim it, context and log line are opened, the
 * body is read if nobody has, and the action runs. Counts what is under way, so that a drain can wait for it.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Cable } from '../cable'
import { Context, requestIdFrom, runInContext } from '../context'
import { type CookieSettings, dispatch, Exchange, PassOn, type Renderers } from '../controller'
import type { HttpOptions } from '../http'
import {
  hasUnreadBody,
  type Request,
  type Response,
  type ResponseSettings,
  readBody,
  removeAbandonedUploads,
} from '../http'
import {
  createService,
  type DrainReport,
  type Phase,
  type Resolved,
  type Scope,
  type Service,
  showable,
} from '../kernel'
import {
  createRequestLog,
  type Logger,
  type Loggers,
  type RequestLog,
  type RequestLogFields,
} from '../logger'
import { MalformedPathError, type RouterOptions } from '../router'
import type { SpanPoint, Telemetry } from '../telemetry'
import { dispatchInSpan } from './action-span'
import { BootFailedError, UnavailableError } from './errors'
import { asHandlersSee, callHandler, enterExpressForm, failureOf } from './express-form'
import type { Done, HostedApplication, Surface } from './host'
import { type Chain, runChain } from './middleware-chain'
import { enterMount } from './mounted-handler'
import type { Handler, OwnedMatch, OwnedRoutes } from './owned-routes'

interface World {
  readonly scope: Scope
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly routes: OwnedRoutes
  readonly cable: Cable
  readonly settings: Resolved<HttpOptions>
  readonly cookies: CookieSettings
  readonly renderers: Renderers
  /** Express's API, for handlers in its form. */
  readonly surface: Surface
  /** `null` = no line per request. */
  readonly requestLogger: Loggers['requestLogger'] | null
  readonly cablePath: () => string | null
  /** Of the runtime: after a failed boot it is still `new`, whatever became of the services. */
  readonly phase: () => Phase
  /** Boots if that has not begun; resolves when serving, rejects with a coded error when it cannot. */
  readonly ready: () => Promise<void>
}

/** A request, as the place where a runtime keeps what it knows of it. */
type Pinnable = { [pin: symbol]: Pinned | undefined }

/** What the runtime knows of one request. */
interface Pinned {
  readonly context: Context
  /** The owned route that serves it; `null` = legacy. */
  match: OwnedMatch | null
  /** Of the controller, once it serves it: its log line may have more fields. */
  exchange: Exchange | null
  isLogged: boolean
}

/** A request that has entered its context. */
interface Entered {
  readonly match: OwnedMatch
  readonly req: Request
  readonly res: Response
  readonly settings: ResponseSettings
  readonly done: Done
  readonly context: Context
}

const legacyFields: RequestLogFields = { arm: 'legacy' }
/** Answered here without a route: 404, 405 and OPTIONS where nothing else is around. */
const missedFields: RequestLogFields = { arm: 'rage' }

/** Seconds a client is asked to wait while this process restarts. */
const retryAfterSeconds = '5'

export class Requests implements HostedApplication {
  readonly service: Service
  readonly scope: Scope
  readonly logger: Logger
  readonly #world: World
  readonly #point: SpanPoint
  // Kept on the request itself: a WeakMap entry per request costs the garbage collector dearly.
  readonly #pin: symbol
  readonly #requestLog: RequestLog | null
  #running = 0
  #finished = 0
  #onIdle: (() => void) | null = null

  constructor(world: World) {
    this.scope = world.scope
    this.logger = world.logger
    this.#world = world
    this.#point = world.telemetry.point('controller.action.process')
    this.#pin = Symbol(`${world.scope.name}.request`)
    this.#requestLog =
      world.requestLogger === null ? null : createRequestLog(world.requestLogger, (req) => this.#lineOf(req))
    this.service = createService('requests', {
      boot: () => removeAbandonedUploads(world.settings.uploads),
      drain: (deadline) => this.#drain(deadline),
    })
  }

  get cablePath(): string | null {
    return this.#world.cablePath()
  }

  find(
    method: string,
    pathname: string,
    rules?: Resolved<RouterOptions>,
    request?: IncomingMessage,
    prototype?: object,
  ): OwnedMatch | null {
    const { routes, surface } = this.#world
    if (request === undefined || !routes.haveConditions) return routes.find(method, pathname, rules, request)
    return asHandlersSee(request, prototype ?? surface.prototypeFor(request), () =>
      routes.find(method, pathname, rules, request),
    )
  }

  ownsPath(pathname: string): boolean {
    return this.#world.routes.ownsPath(pathname)
  }

  allowedMethods(
    pathname: string,
    rules?: Resolved<RouterOptions>,
    request?: IncomingMessage,
  ): readonly string[] {
    const { routes, surface } = this.#world
    if (request === undefined || !routes.haveConditions)
      return routes.allowedMethods(pathname, rules, request)
    return asHandlersSee(request, surface.prototypeFor(request), () =>
      routes.allowedMethods(pathname, rules, request),
    )
  }

  ownsPrefix(pathname: string, rules?: Resolved<RouterOptions>): boolean {
    return this.#world.routes.ownsPrefix(pathname, rules)
  }

  routeKeys(): readonly string[] {
    return this.#world.routes.routes.map(({ method, pattern }) => `${method} ${pattern}`)
  }

  contextOf(req: IncomingMessage): Context {
    return this.#pinned(req as Request).context
  }

  logRequest(req: Request, res: Response): void {
    const pinned = this.#pinned(req)
    // `req.log` is there when the app brings its own pino-http: one line per request is enough.
    if (this.#requestLog === null || pinned.isLogged || req.log !== undefined) return
    pinned.isLogged = true
    this.#requestLog(req, res, pinned.context.requestId)
  }

  #pinned(req: Request): Pinned {
    const known = (req as unknown as Pinnable)[this.#pin]
    if (known !== undefined) return known
    const { headers } = req
    const context = new Context({
      kind: 'request',
      scope: this.scope,
      requestId: requestIdFrom(headers?.['x-request-id'] ?? ownId(req)),
      traceparent: textOf(headers?.traceparent),
      tracestate: textOf(headers?.tracestate),
      arm: 'legacy',
    })
    const pinned: Pinned = { context, match: null, exchange: null, isLogged: false }
    // Requests take any property; their type has an index for strings only.
    ;(req as unknown as Pinnable)[this.#pin] = pinned
    return pinned
  }

  #lineOf(req: IncomingMessage): RequestLogFields {
    const { match, exchange, context } = this.#pinned(req as Request)
    if (match === null) return context.arm === 'legacy' ? legacyFields : missedFields
    const { logFields } = match.store.value
    const more = exchange?.logFields ?? null
    // Fields of an application cannot replace those that say what served the request.
    return more === null ? logFields : { ...more, ...logFields }
  }

  listening(): void {
    // A failure has been logged by then; requests for owned routes are told.
    this.#world.ready().catch(() => undefined)
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#world.cable.handleUpgrade(req, socket, head, this.contextOf(req))
  }

  serve(match: OwnedMatch, req: Request, res: Response, settings: ResponseSettings, done: Done): void {
    const phase = this.#world.phase()
    if (phase === 'serving') return this.#enter(match, req, res, settings, done)
    if (phase !== 'new') {
      res.setHeader('Retry-After', retryAfterSeconds)
      return done(new UnavailableError({ phase }))
    }
    this.#world.ready().then(
      // Looks again: it may have been stopped while it booted.
      () => {
        // A time limit of the app may have answered meanwhile.
        if (!res.headersSent && !res.writableEnded) this.serve(match, req, res, settings, done)
      },
      (cause) => done(new BootFailedError({ reason: (cause as Error).message }, { cause })),
    )
  }

  #enter(match: OwnedMatch, req: Request, res: Response, settings: ResponseSettings, done: Done): void {
    const pinned = this.#pinned(req)
    const { context } = pinned
    context.arm = 'rage'
    pinned.match = match
    if (this.#requestLog !== null) this.logRequest(req, res)
    res.setHeader('X-Request-Id', context.requestId)
    if (match.failure !== undefined) return this.#fail(res, match.failure, done)
    this.#running += 1
    const { chain } = match.store.value
    if (chain === null) return runInContext(context, () => this.#run(match, req, res, settings, done))
    runInContext(context, () => this.#runBehind(chain, { match, req, res, settings, done, context }))
  }

  /** Middleware of the route first; its target is `#run` as ever. */
  #runBehind(chain: Chain, { match, req, res, settings, done, context }: Entered): void {
    // A middleware that answers goes no further.
    let hasLeft = false
    const leave = (): void => {
      if (!hasLeft) this.#leave()
      hasLeft = true
    }
    if (match.malformed !== undefined) {
      leave()
      return this.#fail(res, new MalformedPathError(match.malformed), done)
    }
    res.once('close', leave)
    const pass = enterExpressForm({ surface: this.#world.surface, match, req, res }, done)
    runChain({
      chain,
      req,
      res,
      context,
      done: (error) => {
        leave()
        pass(error)
      },
      target: (behind) => {
        // Its client had gone while a middleware waited: it counts again, and `#run` counts it out.
        if (hasLeft) this.#running += 1
        hasLeft = true
        this.#run(match, req, res, settings, behind)
      },
      late: (error) => this.logger.error({ err: error }, 'a middleware failed after it had called next()'),
    })
  }

  #run(match: OwnedMatch, req: Request, res: Response, settings: ResponseSettings, end: Done): void {
    const { plan, handler } = match.store.value
    if (plan === null) return this.#runHandler(handler!, match, req, res, end)
    const { surface } = this.#world
    const done = plan.usesMiddleware ? enterExpressForm({ surface, match, req, res }, end) : end
    let running: void | Promise<void>
    try {
      if (match.malformed !== undefined) throw new MalformedPathError(match.malformed)
      if (hasUnreadBody(req, this.#world.settings)) running = this.#readThenAct(match, req, res, settings)
      else running = this.#act(match, req, res, settings, req.body)
    } catch (error) {
      this.#leave()
      return this.#fail(res, error, done)
    }
    if (running === undefined) return this.#leave()
    running.then(
      () => this.#leave(),
      (error) => {
        this.#leave()
        this.#fail(res, error, done)
      },
    )
  }

  /** A handler in Express's form: a drain waits until its response is over, or it has passed the request on. */
  #runHandler(handler: Handler, match: OwnedMatch, req: Request, res: Response, done: Done): void {
    let hasLeft = false
    const leave = (): void => {
      if (!hasLeft) this.#leave()
      hasLeft = true
    }
    if (match.malformed !== undefined) {
      leave()
      return done(new MalformedPathError(match.malformed))
    }
    // Gone while the runtime booted: there will be no event.
    if (res.destroyed) leave()
    else res.once('close', leave)
    const passOn = enterExpressForm({ surface: this.#world.surface, match, req, res }, done)
    const pass: Done = (error) => {
      leave()
      passOn(error)
    }
    const { prefix } = match
    callHandler(handler, req, res, prefix === undefined ? pass : enterMount({ req, res, prefix }, pass))
  }

  /** The error middleware of the app may log nothing: a server error stands in the request's line itself. */
  #fail(res: Response, error: unknown, done: Done): void {
    if (error instanceof PassOn) return this.#passOn(error, res, done)
    const failure = failureOf(error)
    if (this.#requestLog !== null) {
      const shown = showable(failure)
      const { status } = Object(shown) as { status?: unknown }
      // pino-http types it as an Error and takes anything.
      if (!(typeof status === 'number' && status < 500)) res.err = shown as Error
    }
    done(failure)
  }

  /** A middleware of the controller called `next('route')`: the rest of the app answers. */
  #passOn({ to }: PassOn, res: Response, done: Done): void {
    const pinned = this.#pinned(res.req as Request)
    pinned.match = null
    pinned.context.arm = 'legacy'
    done(to)
  }

  async #readThenAct(
    match: OwnedMatch,
    req: Request,
    res: Response,
    settings: ResponseSettings,
  ): Promise<void> {
    const body = await readBody(req, res, this.#world.settings)
    // Later middleware, such as an error handler that logs it, finds the body where Express puts it.
    req.body = body
    return this.#act(match, req, res, settings, body)
  }

  #act(
    match: OwnedMatch,
    req: Request,
    res: Response,
    settings: ResponseSettings,
    body: unknown,
  ): void | Promise<void> {
    const { plan, logFields } = match.store.value
    const exchange = new Exchange({
      req,
      res,
      logger: this.logger,
      settings,
      pathParams: match.params,
      paramLimits: this.#world.settings,
      body,
      cookies: this.#world.cookies,
      renderers: this.#world.renderers,
    })
    if (plan!.appendsInfo) this.#pinned(req).exchange = exchange
    if (this.#point.idle) return dispatch(plan!, exchange)
    return dispatchInSpan(this.#point, logFields, { plan: plan!, exchange })
  }

  #leave(): void {
    this.#running -= 1
    this.#finished += 1
    if (this.#running === 0) this.#onIdle?.()
  }

  async #drain(deadline: AbortSignal): Promise<DrainReport> {
    const before = this.#finished
    if (this.#running > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
        deadline.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    const abandoned = this.#running === 0 ? [] : [`${this.#running} requests`]
    return { finished: this.#finished - before, abandoned }
  }
}

/** An id that an earlier middleware (pino-http, express-request-id) gave the request. */
function ownId(req: IncomingMessage): string | undefined {
  const { id } = req as { id?: unknown }
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null
}
