/**
 * The runtime: composes the rooms, boots and drains them in order, and is the object users hold. Everything
 * it does is delegated; what is decided here is only who is handed to whom, and when.
 */
import type { IncomingMessage, Server } from 'node:http'
import { Cable, Channel, type ChannelClass, Connection, type ConnectionClass } from '../cable'
import { Codecs } from '../codec'
import {
  afterCommit,
  Context,
  CurrentAttributes,
  currentBaggage,
  currentContext,
  runInContext,
  runOutside,
  Transaction,
} from '../context'
import { Controller, type Renderer, Renderers } from '../controller'
import { Deferred, Task, type TaskClass } from '../deferred'
import { Events, type Fitting, formatEvents, Subscriber, type SubscriberClass } from '../events'
import {
  type AnyClass,
  type DrainReport,
  isThenable,
  LifecycleError,
  NotRegistrableError,
  type Phase,
  resolveOptions,
  Scope,
  type Service,
  systemClock,
} from '../kernel'
import { createLoggers, type ScopedLogger } from '../logger'
import { LocalBus } from '../pubsub'
import {
  formatRoutes,
  type PathArguments,
  type PathParams,
  type Route,
  type RouteName,
  type RouteRow,
  routeTable,
} from '../router'
import { ErrorReports, Metrics, Telemetry, TelemetryHandler, type TelemetryHandlerClass } from '../telemetry'
import { openLog } from '../wal'
import { connectTracing } from './connect-tracing'
import { Control } from './control'
import { deferSubscribers } from './deferred-subscribers'
import { eventCommands } from './event-commands'
import { Folders } from './folders'
import { createHealth, type HealthReport } from './health'
import { HealthChecks } from './health-checks'
import { createProbe, type Probe, type ProbeOptions } from './health-handlers'
import type {
  Entry,
  Fail,
  Host,
  HostedApplication,
  Middleware,
  Surface,
  SurfaceSeed,
  ViewEngine,
} from './host'
import { jobCommands } from './job-commands'
import { RuntimeMetrics } from './metrics/runtime-metrics'
import { type MountOptions, mountOptions } from './mount-options'
import type { RageSettings } from './options'
import { Outgoing } from './outgoing'
import { OwnedRoutes, type RouteMapper } from './owned-routes'
import { Requests } from './requests'
import { type Listening, Servers } from './server'
import { onSignal } from './signals'
import { createHandler } from './standalone'
import { createExceptionApp } from './standalone-errors'
import { type AllOptions, type Pieces, type Results, Structured } from './structured'

type CurrentClass = abstract new () => CurrentAttributes<object>
/** Any class that `rage.register` knows what to do with. */
export type Registrable = AnyClass

/** Subscribers among them must take every event of their `on`. */
type FittingAll<T extends readonly Registrable[]> = {
  readonly [K in keyof T]: T[K] extends SubscriberClass ? Fitting<T[K]> : T[K]
}

export class Rage {
  /** Lines written inside a unit of work carry its request id; `with` and `tagged` add to them. */
  readonly logger: ScopedLogger
  readonly events: Events
  readonly deferred: Deferred
  readonly cable: Cable
  /** Failures nobody catches: `report` them, `register` reporters. */
  readonly errors: ErrorReports
  /** Whether the runtime can do its work, and if not, why; `check` adds checks of the application. */
  readonly health: HealthReport
  /** Counters, gauges and histograms of the application and, once metrics are on, of the runtime itself. */
  readonly metrics: Metrics
  /** W3C baggage of the running unit of work: `get`, `set`, `all`. */
  readonly baggage = currentBaggage
  readonly #settings: RageSettings
  readonly #scope = new Scope()
  readonly #telemetry = new Telemetry()
  readonly #routes = new OwnedRoutes()
  readonly #renderers = new Renderers()
  readonly #currentClasses: CurrentClass[] = []
  readonly #registered = new Set<Registrable>()
  readonly #folders: Folders
  readonly #requests: Requests
  readonly #host: Host
  readonly #surface: Surface
  readonly #servers: Servers
  readonly #runtimeMetrics: RuntimeMetrics
  readonly #fail: Fail
  readonly #flushLog: () => void
  readonly #checks: HealthChecks
  readonly #outgoing: Outgoing
  readonly #structured: Structured
  /** In the order they boot; they drain and stop in the reverse one. */
  readonly #services: readonly Service[]
  #phase: Phase = 'new'
  #ready: Promise<void> | null = null
  #bootError: unknown = null
  #draining: Promise<DrainReport> | null = null
  #stopping: Promise<void> | null = null
  #forgetSignals: (() => void) | null = null

  /** Use `createRage`. @internal */
  constructor(
    settings: RageSettings,
    createHost: (app: HostedApplication) => Host,
    createSurface: (seed: SurfaceSeed) => Surface,
  ) {
    const { tracing } = settings
    if (tracing !== null) connectTracing(tracing, this.#scope, this.#telemetry)
    const { logger, requestLogger, tagsOf, flush } = createLoggers({
      ...settings.logger,
      format: settings.logger.format === 'auto' ? 'json' : settings.logger.format,
      context: [settings.logger.context].flat(),
      scope: this.#scope,
      trace: tracing === null ? null : () => tracing.current(),
    })
    this.#settings = settings
    this.logger = logger
    this.#flushLog = flush
    this.errors = new ErrorReports(logger, { scope: this.#scope })
    this.metrics = new Metrics(settings.metrics)
    if (settings.metrics.enabled) this.metrics.enable()
    const world = {
      scope: this.#scope,
      clock: systemClock,
      logger,
      telemetry: this.#telemetry,
      errors: this.errors,
      codecs: new Codecs(),
    }

    this.#outgoing = new Outgoing(settings.context)
    this.#structured = new Structured({
      spawn: this.#telemetry.point('core.task.spawn'),
      await: this.#telemetry.point('core.task.await'),
      errors: this.errors,
    })
    this.deferred = new Deferred({
      ...world,
      settings: settings.deferred,
      seal: settings.secrets?.atRest ?? null,
      folder: `${settings.storage}/deferred`,
      openLog: () => openLog({ folder: `${settings.storage}/deferred`, logger }),
      boot: () => this.boot(),
      currentClasses: () => this.#currentClasses,
    })
    this.events = new Events({ ...world, deferral: deferSubscribers(this.deferred, () => this.events) })
    this.cable = new Cable({ ...world, settings: settings.cable, bus: new LocalBus() })
    this.#surface = createSurface({
      root: settings.root,
      environment: settings.environment,
      ...settings.connect,
    })
    this.#requests = new Requests({
      ...world,
      routes: this.#routes,
      cable: this.cable,
      surface: this.#surface,
      settings: settings.http,
      cookies: { secrets: settings.secrets, session: settings.session },
      renderers: this.#renderers,
      tracing,
      legacyRoute: (req) => this.#host.legacyRoute(req),
      requestLogger: settings.logger.requests ? requestLogger : null,
      tagsOf,
      cablePath: () => (this.cable.isUsed ? settings.cable.path : null),
      phase: () => this.#phase,
      ready: () => this.boot(),
    })
    this.#host = createHost(this.#requests)
    this.#fail = createExceptionApp({
      errors: this.errors,
      showsDetails: settings.environment === 'development',
      contextOf: (req) => this.#requests.contextOf(req),
      factsOf: (req) => this.#requests.factsOf(req),
      isDraining: () => this.#phase === 'draining' || this.#phase === 'stopped',
    })
    this.#servers = new Servers(settings.server)
    this.#checks = new HealthChecks(world)
    this.health = createHealth({
      phase: () => this.#phase,
      bootError: () => this.#bootError,
      deferred: this.deferred,
      checks: this.#checks,
    })
    this.#runtimeMetrics = new RuntimeMetrics({
      metrics: this.metrics,
      settings: settings.metrics,
      telemetry: this.#telemetry,
      deferred: this.deferred,
      isOnEngine: settings.deferred.engine !== null,
      cable: this.cable,
      requests: this.#requests,
      legacyRoute: (req) => this.#host.legacyRoute(req),
      servers: () => this.#host.servers(),
    })
    this.#folders = new Folders({
      root: settings.root,
      isRegistrable,
      register: (type) => this.#register(type),
    })
    const control = new Control({
      storage: settings.storage,
      logger,
      commands: { ...jobCommands(this.deferred), ...eventCommands(this.events) },
    })
    this.#services = [
      this.errors.service,
      this.deferred.service,
      this.events.service,
      this.#servers.service,
      this.cable.service,
      this.#requests.service,
      control.service,
    ]
  }

  /**
   * Draws routes that this runtime owns. May be called several times, before boot.
   *
   * @throws at once, naming file and line: unknown actions, duplicate routes, bad patterns.
   */
  routes(draw: (r: RouteMapper) => void): this {
    this.#routes.draw(draw)
    return this
  }

  /**
   * Teaches controllers a format: `rage.renderer('csv', (rows) => ({ body: toCsv(rows), contentType: 'text/csv' }))` makes
   * `this.render({ csv: rows })` work, and `csv` in `respondTo`.
   *
   * @throws DuplicateNameError, InvalidOptionError, RegistrationClosedError (after boot)
   */
  renderer(name: string, renderer: Renderer): this {
    this.#renderers.add(name, renderer)
    return this
  }

  /**
   * Makes classes known: tasks, subscribers, channels, the connection, controllers named by string, `Current`
   * classes whose attributes travel into jobs, telemetry handlers.
   *
   * @throws NotRegistrableError, DuplicateNameError, RegistrationClosedError (after boot)
   */
  register<T extends readonly Registrable[]>(...types: T & FittingAll<T>): this {
    for (const type of types) this.#register(type)
    return this
  }

  /**
   * Registers every class that the files of a folder, and of the folders in it, export: file by file in the order of
   * their paths. CommonJS and ES modules. Boot waits for it, so that it need not be awaited.
   *
   *     rage.load('app/subscribers')
   *
   * @param folder absolute, a `file:` URL, or below `root`.
   * @throws FolderNotLoadedError, FileNotLoadedError, NothingToRegisterError, RegistrationClosedError (once boot has
   *   begun). Always as a rejection, and `boot` fails with it too.
   */
  load(folder: string | URL): Promise<void> {
    return this.#folders.load(folder)
  }

  #register(type: Registrable): void {
    if (this.#registered.has(type)) return
    this.#add(type)
    this.#registered.add(type)
  }

  #add(type: Registrable): void {
    if (extendsClass(type, Task)) this.deferred.register(type as unknown as TaskClass)
    else if (extendsClass(type, Subscriber)) this.subscribe(type as unknown as SubscriberClass)
    else if (extendsClass(type, Channel)) this.cable.register(type as unknown as ChannelClass)
    else if (extendsClass(type, Connection)) this.cable.register(type as unknown as ConnectionClass)
    else if (extendsClass(type, Controller)) this.#routes.register(type)
    else if (extendsClass(type, CurrentAttributes)) this.#currentClasses.push(type as CurrentClass)
    else if (extendsClass(type, TelemetryHandler))
      this.#telemetry.register(type as unknown as TelemetryHandlerClass)
    else throw new NotRegistrableError({ given: typeof type === 'function' ? type.name : String(type) })
  }

  /** Adds a subscriber; as `register`, with its events checked against the type of its `call`. */
  subscribe<S extends SubscriberClass>(type: S & Fitting<S>): this {
    this.events.register(type)
    return this
  }

  /**
   * A handler for `app.use`, in an app or router of Express 4 or 5, or in Connect; also below a path prefix.
   *
   * @throws UnknownOptionError, InvalidOptionError
   */
  mount(options: MountOptions = {}): Middleware {
    return this.#host.createMount(resolveOptions(mountOptions, options, 'mount'))
  }

  /** A handler for `app.use`, first: request id, log line and `Current` for the legacy routes too. */
  context(): Middleware {
    return this.#host.createContext()
  }

  /**
   * A handler for `http.createServer`, without any framework: owned routes, 404 and 405 for the rest, and an answer
   * to errors that nothing rescues. In plain Connect, `app.use(rage.handler())` falls through like the mount.
   */
  handler(): Entry {
    return createHandler({
      app: this.#requests,
      host: this.#host,
      surface: this.#surface,
      fail: this.#fail,
    })
  }

  /**
   * A handler for `http.createServer` that looks at owned routes first, and hands every other request to the Express
   * app untouched. None of the app's middleware runs for an owned route: no authentication, no session.
   */
  front(app: Entry): Entry {
    return this.#host.createFront(app, this.#fail)
  }

  /**
   * Boots and serves on a server of its own, with the limits of `server` in the options; it closes with the runtime.
   *
   * @param port 0 = any that is free.
   * @param host interface to listen on. Default: all.
   * @throws ListenError, and what `boot` throws
   */
  async listen(port = 0, host?: string): Promise<Listening> {
    await this.boot()
    const listening = await this.#servers.listen(this.handler(), port, host)
    this.attach(listening.server)
    this.logger.info({ port: listening.port }, 'rage is listening')
    return listening
  }

  /** Adds a view engine, in the form of Express's, for `res.render` in handlers that run without Express. */
  engine(extension: string, render: ViewEngine): this {
    this.#surface.engine(extension, render)
    return this
  }

  /** Brings WebSockets up on a server built by hand; servers that lead to a mount are found by themselves. */
  attach(server: Server): this {
    this.#host.attach(server)
    return this
  }

  /**
   * Opens the log, recovers its jobs and begins to serve. Called by the first server that listens; call it
   * yourself to fail early.
   *
   * @throws what a room could not do: StorageUnusableError, UnknownControllerError, ...
   */
  boot(): Promise<void> {
    if (this.#stopping !== null)
      return Promise.reject(new LifecycleError({ name: 'rage', phase: this.#phase, wanted: 'boot' }))
    this.#ready ??= this.#boot()
    return this.#ready
  }

  async #boot(): Promise<void> {
    try {
      const folders = this.#folders.close()
      if (folders !== null) await folders
      // Everything from here to the first await is settled before any request can arrive.
      this.#routes.compile()
      this.#renderers.close()
      this.#runtimeMetrics.compile()
      this.#telemetry.compile()
      await Promise.all(this.#services.map((service) => service.boot()))
    } catch (error) {
      this.#bootError = error
      this.logger.fatal({ err: error }, 'rage could not boot: owned routes answer 503')
      this.errors.reportOnce(error, { during: 'boot' }, false)
      await Promise.all(this.#services.map((service) => service.stop()))
      this.#runtimeMetrics.stop()
      throw error
    }
    this.#phase = 'booted'
    // Stopped while it booted: what was acquired is being released.
    if (this.#stopping !== null) return
    this.#serve()
  }

  #serve(): void {
    this.#phase = 'serving'
    for (const service of this.#services) service.serve()
    if (this.#settings.signals) this.#forgetSignals = onSignal((signal) => this.#receive(signal))
    this.logger.info(
      { routes: this.#routes.routes.length, storage: this.#settings.storage },
      'rage is serving',
    )
  }

  async #receive(signal: NodeJS.Signals): Promise<void> {
    this.logger.info({ signal }, 'rage is draining')
    await this.stop()
  }

  /** Refuses new work and finishes what was accepted, for at most `drainMs`; jobs that are left stay in the log. */
  drain(): Promise<DrainReport> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  async #drain(): Promise<DrainReport> {
    if (this.#phase !== 'serving') return { finished: 0, abandoned: [] }
    this.#phase = 'draining'
    this.#servers.refuse()
    const deadline = new AbortController()
    // Keeps the process alive: with nothing else left it would end before the log is closed.
    const timer = setTimeout(() => deadline.abort(), this.#settings.drainMs)
    let finished = 0
    const abandoned: string[] = []
    for (const service of [...this.#services].reverse()) {
      const report = await service.drain(deadline.signal)
      finished += report.finished
      abandoned.push(...report.abandoned)
    }
    clearTimeout(timer)
    this.logger.info({ finished, abandoned }, 'rage has drained')
    return { finished, abandoned }
  }

  /** Drains and releases everything. Any number of times; a stopped runtime does not boot again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    await this.#ready?.catch(() => undefined)
    await this.drain()
    for (const service of [...this.#services].reverse()) await service.stop()
    this.#runtimeMetrics.stop()
    this.#host.detach()
    this.#forgetSignals?.()
    this.#phase = 'stopped'
    // A signal ends the process without another chance.
    this.#flushLog()
  }

  /** Runs `work` as a unit of its own, with a fresh request id: for scripts and consoles. It ends when `work` does. */
  run<T>(work: () => T): T {
    const context = new Context({ kind: 'task', scope: this.#scope })
    const close = (): void => {
      context.closed = true
    }
    let result: T
    try {
      result = runInContext(context, work)
    } catch (error) {
      close()
      throw error
    }
    if (isThenable(result)) result.then(close, close)
    else close()
    return result
  }

  /**
   * Ties `work` to the unit of work running now, for emitters, queues and connections that call it later from elsewhere.
   *
   * @param req ties it to the unit of this request instead, wherever it is called.
   */
  bind<Work extends (...args: never[]) => unknown>(work: Work, req?: IncomingMessage): Work {
    const context = req === undefined ? currentContext() : this.#requests.contextOf(req)
    if (context === null) return work
    // Takes and answers what `work` does.
    return function bound(this: unknown, ...args: never[]) {
      return runInContext(context, () => work.apply(this, args))
    } as Work
  }

  /**
   * Runs `work` outside of any unit of work: for connections and timers that are made when first needed and then serve
   * everybody. Their callbacks run in no context instead of in that of whoever came first.
   */
  outside<T>(work: () => T): T {
    return runOutside(work)
  }

  /**
   * Runs pieces of work at once, in this unit of work, and waits for all of them: nothing is left running afterwards. The
   * first failure aborts the signal that each piece is given, with the error as the reason.
   *
   *     const [user, orders] = await rage.all([(signal) => load(id, { signal }), (signal) => ordersOf(id, { signal })])
   *
   * @throws the first error; further errors, unless they come from the signal, are reported.
   */
  all<const Given extends Pieces | readonly []>(
    pieces: Given,
    options: AllOptions = {},
  ): Promise<Results<Given>> {
    // One result per piece, in their order.
    return this.#structured.all(pieces, options) as Promise<Results<Given>>
  }

  /**
   * `fetch`, with request id and trace of the running unit of work, and its baggage to origins listed in
   * `context.baggageTo`. Headers that the call brings itself stay.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return this.#outgoing.send(input, init)
  }

  /**
   * `x-request-id`, `traceparent` and `tracestate` of the running unit of work, for other clients of HTTP; `{}` outside of any.
   *
   * @param url where they are sent: with `baggage`, if its origin is listed in `context.baggageTo`.
   */
  headers(url?: string | URL): Record<string, string> {
    return this.#outgoing.headers(url)
  }

  /**
   * Runs `work` once the database transaction around it has committed, and not at all after a rollback; at once where there is
   * none. Transactions are those of wrapped clients (`rage-js/transactions`), of `inTransaction` and of `transaction`.
   *
   * @returns resolves when `work` has ended or, in a transaction, at once.
   * @throws what `work` throws, outside of transactions; inside, see `Transaction.commit`
   */
  afterCommit(work: () => unknown): Promise<void> {
    return afterCommit(work)
  }

  /**
   * Holds jobs, events, broadcasts and `afterCommit` of `work` until it has ended; drops them when it throws. `work` begins and
   * commits the transaction of the database itself, or calls `unit.rollback()` before it returns without a commit.
   *
   * @throws what `work` throws; AfterCommitError
   */
  async inTransaction<T>(work: (unit: Transaction) => T | PromiseLike<T>): Promise<T> {
    const unit = this.transaction()
    let result: T
    try {
      result = await unit.run(() => work(unit))
    } catch (error) {
      unit.rollback()
      throw error
    }
    await unit.commit()
    return result
  }

  /** The hooks below `inTransaction`, for drivers that begin and commit in different places: `run`, `commit`, `rollback`. */
  transaction(): Transaction {
    return new Transaction(this.#scope)
  }

  /**
   * The path of a named route: `rage.path('order', { id: 7, page: 2 })` is `/orders/7?page=2`. Names and parameters
   * are checked by the compiler once `RoutePaths` declares them; see `routeTypes`.
   *
   * @throws UnknownRouteNameError, BadPathParamError
   */
  path<Name extends RouteName>(name: Name, ...[params]: PathArguments<Name>): string {
    // Whatever is declared, its values are those that paths take.
    return this.#routes.pathFor(name, params as PathParams | undefined)
  }

  /** The text of a `.d.ts` file that declares names and parameters of all routes drawn, for `rage.path`. */
  routeTypes(): string {
    return this.#routes.types()
  }

  /** The owned routes, in the order they were drawn, each with `file:line`. */
  routeList(): readonly Route[] {
    return this.#routes.routes
  }

  /** The route list as rows: method, pattern, name, target, constraints, middlewares, `file:line`. */
  routeTable(): readonly RouteRow[] {
    return routeTable(this.#routes.routes)
  }

  /** The route list as text, in columns, as `rails routes` shows it. */
  printRoutes(): string {
    return formatRoutes(this.routeTable())
  }

  /** Who runs when an event is published, as `rage events` shows it; before boot, too. */
  printEvents(): string {
    return formatEvents(this.events.tree())
  }

  /** A handler for liveness probes: 200 as long as the process answers at all, and checks with `live` succeed. */
  live(options?: ProbeOptions): Probe {
    return this.#probe('live', options)
  }

  /**
   * A handler for readiness probes, `app.get('/up', rage.ready())` or as an owned route: 200 while the runtime serves and
   * nothing is wrong, else 503 with the reasons. A drain shows at once.
   *
   * @throws UnknownOptionError, InvalidOptionError
   */
  ready(options?: ProbeOptions): Probe {
    return this.#probe('ready', options)
  }

  #probe(kind: 'live' | 'ready', options: ProbeOptions | undefined): Probe {
    const isDevelopment = this.#settings.environment === 'development'
    return createProbe(kind, options, { health: this.health, checks: this.#checks, isDevelopment })
  }
}

function extendsClass(type: unknown, base: { readonly prototype: object }): boolean {
  return (
    typeof type === 'function' &&
    (type as { prototype?: unknown }).prototype instanceof (base as unknown as new () => object)
  )
}

const registrable = [Task, Subscriber, Channel, Connection, Controller, CurrentAttributes, TelemetryHandler]

function isRegistrable(value: unknown): value is AnyClass {
  return registrable.some((base) => extendsClass(value, base))
}
