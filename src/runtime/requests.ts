/**
 * One request on its way in: the host offers it, owned routes claim it, context and log line are opened, the
 * body is read if nobody has, and the action runs. Counts what is under way, so that a drain can wait for it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Cable } from '../cable'
import { Context, innermost, requestIdFrom, runInContext } from '../context'
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
  requestPathOf,
} from '../logger'
import { MalformedPathError, type RouterOptions } from '../router'
import type {
  ErrorFacts,
  ErrorReports,
  RequestSpan,
  SpanPoint,
  Telemetry,
  TracedRequest,
  Tracing,
} from '../telemetry'
import { callHandlerInSpan, dispatchInSpan } from './action-span'
import { BootFailedError, UnavailableError } from './errors'
import { asHandlersSee, callHandler, enterExpressForm, failureOf } from './express-form'
import { isProbe } from './health-handlers'
import type { Done, HostedApplication, Surface } from './host'
import type { RequestMetrics } from './metrics/request-metrics'
import { type Chain, runChain } from './middleware-chain'
import { enterMount } from './mounted-handler'
import type { Handler, OwnedMatch, OwnedRoutes } from './owned-routes'
import { RequestFailures } from './request-failures'

interface World {
  readonly scope: Scope
  readonly logger: Logger
  readonly errors: ErrorReports
  readonly telemetry: Telemetry
  readonly routes: OwnedRoutes
  readonly cable: Cable
  readonly settings: Resolved<HttpOptions>
  readonly cookies: CookieSettings
  readonly renderers: Renderers
  /** Express's API, for handlers in its form. */
  readonly surface: Surface
  /** `null` = requests have no span of a tracing system. */
  readonly tracing: Tracing | null
  /** Pattern of the host's own route that answered a request. */
  readonly legacyRoute: TracedRequest['legacyRoute']
  /** `null` = no line per request. */
  readonly requestLogger: Loggers['requestLogger'] | null
  /** Tags of a request, or `null`. */
  readonly tagsOf: Loggers['tagsOf']
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
  /** When it was first seen, by performance.now(); 0 = it is not measured. */
  seenAt: number
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
  readonly #point: SpanPoint<'controller.action.process'>
  // Kept on the request itself: a WeakMap entry per request costs the garbage collector dearly.
  readonly #pin: symbol
  readonly #requestLog: RequestLog | null
  readonly #failures: RequestFailures
  /** Listener for the end of responses: one for all of them. */
  readonly #over: (this: Response) => void
  /** `null` = requests are not measured. */
  meter: RequestMetrics | null = null
  #running = 0
  #finished = 0
  #onIdle: (() => void) | null = null

  constructor(world: World) {
    this.scope = world.scope
    this.logger = world.logger
    this.#world = world
    this.#failures = new RequestFailures(world.errors)
    this.#point = world.telemetry.point('controller.action.process')
    this.#pin = Symbol(`${world.scope.name}.request`)
    this.#requestLog =
      world.requestLogger === null ? null : createRequestLog(world.requestLogger, (req) => this.#lineOf(req))
    const requests = this
    this.#over = function (this: Response) {
      requests.#measured(this)
    }
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

  contextOf(req: IncomingMessage, res: ServerResponse | null = null): Context {
    const { context } = this.#pinned(req as Request)
    if (res !== null && context.response === null) context.response = res
    return context
  }

  knownContextOf(req: IncomingMessage): Context | null {
    return (req as unknown as Pinnable)[this.#pin]?.context ?? null
  }

  /** Requests for owned routes that are being served. */
  get running(): number {
    return this.#running
  }

  logRequest(req: Request, res: Response): void {
    const pinned = this.#pinned(req)
    if (this.meter !== null) this.#measure(pinned, res)
    if (this.#world.tracing !== null) this.#trace(this.#world.tracing, pinned.context, req, res)
    // `req.log` is there when the app brings its own pino-http: one line per request is enough.
    if (this.#requestLog === null || pinned.isLogged || req.log !== undefined) return
    pinned.isLogged = true
    this.#requestLog(req, res, pinned.context)
  }

  #pinned(req: Request): Pinned {
    const known = (req as unknown as Pinnable)[this.#pin]
    if (known !== undefined) return known
    const context = new Context({
      kind: 'request',
      scope: this.scope,
      requestId: ownId(req),
      request: req,
      arm: 'legacy',
    })
    if (this.#world.tagsOf !== null) context.tags = this.#world.tagsOf(req)
    const pinned: Pinned = { context, match: null, exchange: null, isLogged: false, seenAt: 0 }
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

  /** Once per request, from where it was first seen. */
  #measure(pinned: Pinned, res: Response): void {
    if (pinned.seenAt !== 0) return
    pinned.seenAt = performance.now()
    res.on('close', this.#over)
  }

  #measured(res: Response): void {
    const { req } = res
    const { match, context, seenAt } = this.#pinned(req as Request)
    const route = match === null ? null : match.store.value
    this.meter?.record(
      req,
      res,
      route,
      context.arm === 'rage' ? 'rage' : 'legacy',
      performance.now() - seenAt,
    )
  }

  /** Once per request, from where it was first seen. @param res `null` for a handshake on its own socket. */
  #trace(tracing: Tracing, context: Context, req: Request, res: Response | null): RequestSpan | null {
    context.span ??= tracing.enter(req, res, {
      requestId: context.requestId,
      legacyRoute: this.#world.legacyRoute,
    })
    return spanOf(context)
  }

  listening(): void {
    // A failure has been logged by then; requests for owned routes are told.
    this.#world.ready().catch(() => undefined)
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { cable, tracing } = this.#world
    const context = this.contextOf(req)
    const span = tracing === null ? null : this.#trace(tracing, context, req as Request, null)
    if (span === null) return cable.handleUpgrade(req, socket, head, context)
    span.servedBy(this.cablePath ?? '', null, null)
    span.run(() => cable.handleUpgrade(req, socket, head, context))
  }

  serve(match: OwnedMatch, req: Request, res: Response, settings: ResponseSettings, done: Done): void {
    const phase = this.#world.phase()
    if (phase === 'serving' || isProbe(match.store.value.handler))
      return this.#enter(match, req, res, settings, done)
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
    if (context.response === null) context.response = res
    pinned.match = match
    if (this.meter !== null) this.#measure(pinned, res)
    const { tracing } = this.#world
    if (tracing !== null) {
      const { route, controller = null, action = null } = match.store.value.logFields
      this.#trace(tracing, context, req, res)?.servedBy(route, controller, action)
    }
    if (this.#requestLog !== null) this.logRequest(req, res)
    res.setHeader('X-Request-Id', context.requestId)
    if (match.failure !== undefined) return this.#fail(res, match.failure, done)
    this.#running += 1
    const { chain } = match.store.value
    const inside = innermost(context)
    if (chain === null) return runInContext(inside, () => this.#run(match, req, res, settings, done))
    runInContext(inside, () => this.#runBehind(chain, { match, req, res, settings, done, context }))
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
        this.#watch(res, error)
        pass(error)
      },
      target: (behind) => {
        // Its client had gone while a middleware waited: it counts again, and `#run` counts it out.
        if (hasLeft) this.#running += 1
        hasLeft = true
        this.#run(match, req, res, settings, behind)
      },
      late: (error) =>
        this.#world.errors.report(error, {
          ...this.factsOf(req),
          during: 'a middleware, after it had called next()',
        }),
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
    // What an action does after it has answered still belongs to its request.
    const { context } = this.#pinned(req)
    context.holds += 1
    running.then(
      () => {
        context.holds -= 1
        this.#leave()
      },
      (error) => {
        context.holds -= 1
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
      this.#watch(res, error)
      passOn(error)
    }
    const { prefix } = match
    const next = prefix === undefined ? pass : enterMount({ req, res, prefix }, pass)
    if (this.#point.idle) return callHandler(handler, req, res, next)
    callHandlerInSpan(this.#point, match.store.value.logFields, { handler, req, res, next })
  }

  /** The error middleware of the app may log nothing: a server error stands in the request's line itself. */
  #fail(res: Response, error: unknown, done: Done): void {
    if (error instanceof PassOn) return this.#passOn(error, res, done)
    const failure = failureOf(error)
    const span = this.#world.tracing === null ? null : spanOf(this.#pinned(res.req as Request).context)
    if (this.#requestLog !== null || span !== null) {
      const shown = showable(failure)
      const { status } = Object(shown) as { status?: unknown }
      if (!(typeof status === 'number' && status < 500)) {
        span?.failed(failure)
        // pino-http types it as an Error and takes anything.
        if (this.#requestLog !== null) res.err = shown as Error
      }
    }
    this.#watch(res, failure)
    done(failure)
  }

  /** @param error what is handed to the host: an error, or the word that passes the request on. */
  #watch(res: Response, error: unknown): void {
    if (!error || error === 'route' || error === 'router') return
    const req = res.req as Request
    const { context, isLogged } = this.#pinned(req)
    this.#failures.watch(res, error, { context, hasLine: isLogged, facts: this.factsOf(req) })
  }

  /** For reports of errors: which request it was, and what served it. */
  factsOf(req: Request): ErrorFacts {
    const { match } = this.#pinned(req)
    const { arm, ...served } = match === null ? legacyFields : match.store.value.logFields
    return { method: req.method, path: requestPathOf(req), ...served }
  }

  /** A middleware of the controller called `next('route')`: the rest of the app answers. */
  #passOn({ to }: PassOn, res: Response, done: Done): void {
    const pinned = this.#pinned(res.req as Request)
    pinned.match = null
    pinned.context.arm = 'legacy'
    if (this.#world.tracing !== null) spanOf(pinned.context)?.passedOn()
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
      errors: this.#world.errors,
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

/** What `Tracing.enter` gave it. */
function spanOf(context: Context): RequestSpan | null {
  return context.span as RequestSpan | null
}

/**
 * An id that an earlier middleware (pino-http, express-request-id) gave the request, for one that came without. Looked at
 * when the context is made: a later middleware, and a counter that begins at 1 in every process, cannot rename it.
 */
function ownId(req: IncomingMessage): string | null {
  const { id } = req as { id?: unknown }
  if (id === undefined || (typeof id !== 'string' && typeof id !== 'number')) return null
  return requestIdFrom(req.headers?.['x-request-id'] ?? String(id))
}
