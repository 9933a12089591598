/**
 * One request on its way in: the host offers it, owned routes claim it, context and log line are opened, the
 * body is read if nobody has, and the action runs. Counts what is under way, so that a drain can wait for it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Cable } from '../cable'
import { type Context, innermost, runInContext } from '../context'
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
import type { Logger } from '../logger'
import { MalformedPathError, type RouterOptions } from '../router'
import type { ErrorReports, SpanPoint, Telemetry } from '../telemetry'
import { callHandlerInSpan, dispatchInSpan } from './action-span'
import { BootFailedError, UnavailableError } from './errors'
import { asHandlersSee, callHandler, enterExpressForm, failureOf } from './express-form'
import { isProbe } from './health-handlers'
import type { Done, HostedApplication, Surface } from './host'
import { type Chain, runChain } from './middleware-chain'
import { enterMount } from './mounted-handler'
import type { Handler, OwnedMatch, OwnedRoutes } from './owned-routes'
import { RequestFailures } from './request-failures'
import { type SeenRequests, spanOf } from './seen-requests'

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
  readonly seen: SeenRequests
  readonly cablePath: () => string | null
  /** Of the runtime: after a failed boot it is still `new`, whatever became of the services. */
  readonly phase: () => Phase
  /** Boots if that has not begun; resolves when serving, rejects with a coded error when it cannot. */
  readonly ready: () => Promise<void>
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

/** Seconds a client is asked to wait while this process restarts. */
const retryAfterSeconds = '5'

export class Requests implements HostedApplication {
  readonly service: Service
  readonly scope: Scope
  readonly logger: Logger
  readonly #world: World
  readonly #point: SpanPoint<'controller.action.process'>
  readonly #seen: SeenRequests
  readonly #failures: RequestFailures
  #running = 0
  #finished = 0
  #onIdle: (() => void) | null = null

  constructor(world: World) {
    this.scope = world.scope
    this.logger = world.logger
    this.#world = world
    this.#failures = new RequestFailures(world.errors)
    this.#point = world.telemetry.point('controller.action.process')
    this.#seen = world.seen
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
    const { context } = this.#seen.of(req as Request)
    if (res !== null && context.response === null) context.response = res
    return context
  }

  knownContextOf(req: IncomingMessage): Context | null {
    return this.#seen.known(req)?.context ?? null
  }

  /** Requests for owned routes that are being served. */
  get running(): number {
    return this.#running
  }

  logRequest(req: Request, res: Response): void {
    this.#seen.accompany(this.#seen.of(req), req, res)
  }

  listening(): void {
    // A failure has been logged by then; requests for owned routes are told.
    this.#world.ready().catch(() => undefined)
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { cable } = this.#world
    const context = this.contextOf(req)
    const span = this.#seen.trace(context, req as Request, null)
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
    const seen = this.#seen.of(req)
    const { context } = seen
    context.arm = 'rage'
    if (context.response === null) context.response = res
    seen.match = match
    const span = this.#seen.accompany(seen, req, res)
    if (span !== null) {
      const { route, controller = null, action = null } = match.store.value.logFields
      span.servedBy(route, controller, action)
    }
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
          ...this.#seen.factsOf(req),
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
    const { context } = this.#seen.of(req)
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
    const span = spanOf(this.#seen.of(res.req as Request).context)
    if (this.#seen.areLogged || span !== null) {
      const shown = showable(failure)
      const { status } = Object(shown) as { status?: unknown }
      if (!(typeof status === 'number' && status < 500)) {
        span?.failed(failure)
        // pino-http types it as an Error and takes anything.
        if (this.#seen.areLogged) res.err = shown as Error
      }
    }
    this.#watch(res, failure)
    done(failure)
  }

  /** @param error what is handed to the host: an error, or the word that passes the request on. */
  #watch(res: Response, error: unknown): void {
    if (!error || error === 'route' || error === 'router') return
    const req = res.req as Request
    const { context } = this.#seen.of(req)
    const hasLine = this.#seen.hasLine(res)
    this.#failures.watch(res, error, { context, hasLine, facts: this.#seen.factsOf(req) })
  }

  /** A middleware of the controller called `next('route')`: the rest of the app answers. */
  #passOn({ to }: PassOn, res: Response, done: Done): void {
    const seen = this.#seen.of(res.req as Request)
    seen.match = null
    seen.context.arm = 'legacy'
    spanOf(seen.context)?.passedOn()
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
    if (plan!.appendsInfo) this.#seen.of(req).exchange = exchange
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
