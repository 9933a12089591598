/**
 * What users hold of a runtime. Everything is delegated: what the parts are and who knows whom is in rooms.ts, when they
 * boot and stop in lifecycle.ts.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Cable } from '../cable'
import {
  afterCommit,
  Context,
  currentBaggage,
  currentContext,
  runInContext,
  runOutside,
  Transaction,
} from '../context'
import type { Renderer } from '../controller'
import type { Deferred } from '../deferred'
import { type Events, type Fitting, formatEvents, type SubscriberClass } from '../events'
import { type DrainReport, isThenable, resolveOptions } from '../kernel'
import type { ScopedLogger } from '../logger'
import {
  formatRoutes,
  type PathArguments,
  type PathParams,
  type Route,
  type RouteName,
  type RouteRow,
  routeTable,
} from '../router'
import type { ErrorReports, Metrics } from '../telemetry'
import type { HealthReport } from './health'
import { createProbe, type Probe, type ProbeOptions } from './health-handlers'
import type { Entry, Middleware, ViewEngine } from './host'
import { Lifecycle } from './lifecycle'
import { type MountOptions, mountOptions } from './mount-options'
import type { RageSettings } from './options'
import type { RouteMapper } from './owned-routes'
import type { Registrable } from './registration'
import { type Adapters, createRooms, type Rooms } from './rooms'
import type { Listening } from './server'
import { createHandler } from './standalone'
import type { AllOptions, Pieces, Results } from './structured'

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
  readonly #rooms: Rooms
  readonly #lifecycle: Lifecycle

  /** Use `createRage`. @internal */
  constructor(settings: RageSettings, adapters: Adapters) {
    const rooms = createRooms(settings, adapters, {
      boot: () => this.boot(),
      phase: () => this.#lifecycle.phase,
      bootError: () => this.#lifecycle.bootError,
    })
    const { logger, errors, services, folders, routes, renderers, runtimeMetrics, telemetry } = rooms
    this.#rooms = rooms
    this.logger = logger
    this.events = rooms.events
    this.deferred = rooms.deferred
    this.cable = rooms.cable
    this.errors = errors
    this.health = rooms.health
    this.metrics = rooms.metrics
    this.#lifecycle = new Lifecycle({
      logger,
      errors,
      services,
      signals: settings.signals,
      drainMs: settings.drainMs,
      loading: () => folders.close(),
      compile: () => {
        routes.compile()
        renderers.close()
        runtimeMetrics.compile()
        telemetry.compile()
      },
      serving: () =>
        logger.info({ routes: routes.routes.length, storage: settings.storage }, 'rage is serving'),
      refuse: () => rooms.servers.refuse(),
      stopped: () => {
        rooms.host.detach()
        // A signal ends the process without another chance.
        rooms.flushLog()
      },
    })
  }

  /**
   * Draws routes that this runtime owns. May be called several times, before boot.
   *
   * @throws at once, naming file and line: unknown actions, duplicate routes, bad patterns.
   */
  routes(draw: (r: RouteMapper) => void): this {
    this.#rooms.routes.draw(draw)
    return this
  }

  /**
   * Teaches controllers a format: `rage.renderer('csv', (rows) => ({ body: toCsv(rows), contentType: 'text/csv' }))` makes
   * `this.render({ csv: rows })` work, and `csv` in `respondTo`.
   *
   * @throws DuplicateNameError, InvalidOptionError, RegistrationClosedError (after boot)
   */
  renderer(name: string, renderer: Renderer): this {
    this.#rooms.renderers.add(name, renderer)
    return this
  }

  /**
   * Makes classes known: tasks, subscribers, channels, the connection, controllers named by string, `Current`
   * classes whose attributes travel into jobs, telemetry handlers.
   *
   * @throws NotRegistrableError, DuplicateNameError, RegistrationClosedError (after boot)
   */
  register<T extends readonly Registrable[]>(...types: T & FittingAll<T>): this {
    for (const type of types) this.#rooms.registration.add(type)
    return this
  }

  /**
   * Registers every class that the files of a folder, and of the folders in it, export: file by file in the order of
   * their paths. CommonJS and ES modules. Boot waits for it, so that it need not be awaited.
   *
   *     rage.load('app/subscribers')
   *
   * @param folder absolute, a `file:` URL, or below `root`.
   * @throws FolderNotLoadedError, FileNotLoadedError, FileLoadTimeoutError, NothingToRegisterError, RegistrationClosedError
   *   (once boot has begun). Always as a rejection, and `boot` fails with it too.
   */
  load(folder: string | URL): Promise<void> {
    return this.#rooms.folders.load(folder)
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
    return this.#rooms.host.createMount(resolveOptions(mountOptions, options, 'mount'))
  }

  /** A handler for `app.use`, first: request id, log line and `Current` for the legacy routes too. */
  context(): Middleware {
    return this.#rooms.host.createContext()
  }

  /**
   * A handler for `http.createServer`, without any framework: owned routes, 404 and 405 for the rest, and an answer
   * to errors that nothing rescues. In plain Connect, `app.use(rage.handler())` falls through like the mount.
   */
  handler(): Entry {
    const { requests, host, surface, fail } = this.#rooms
    return createHandler({ app: requests, host, surface, fail })
  }

  /**
   * A handler for `http.createServer` that looks at owned routes first, and hands every other request to the Express
   * app untouched. None of the app's middleware runs for an owned route: no authentication, no session.
   */
  front(app: Entry): Entry {
    return this.#rooms.host.createFront(app, this.#rooms.fail)
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
    const listening = await this.#rooms.servers.listen(this.handler(), port, host)
    this.attach(listening.server)
    this.logger.info({ port: listening.port }, 'rage is listening')
    return listening
  }

  /** Adds a view engine, in the form of Express's, for `res.render` in handlers that run without Express. */
  engine(extension: string, render: ViewEngine): this {
    this.#rooms.surface.engine(extension, render)
    return this
  }

  /** Brings WebSockets up on a server built by hand; servers that lead to a mount are found by themselves. */
  attach(server: Server): this {
    this.#rooms.host.attach(server)
    return this
  }

  /**
   * Opens the log, recovers its jobs and begins to serve. Called by the first server that listens; call it
   * yourself to fail early.
   *
   * @throws what a room could not do: StorageUnusableError, UnknownControllerError, ...
   */
  boot(): Promise<void> {
    return this.#lifecycle.boot()
  }

  /** Refuses new work and finishes what was accepted, for at most `drainMs`; jobs that are left stay in the log. */
  drain(): Promise<DrainReport> {
    return this.#lifecycle.drain()
  }

  /** Drains and releases everything. Any number of times; a stopped runtime does not boot again. */
  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  /** Runs `work` as a unit of its own, with a fresh request id: for scripts and consoles. It ends when `work` does. */
  run<T>(work: () => T): T {
    const context = new Context({ kind: 'task', scope: this.#rooms.scope })
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
    const context = req === undefined ? currentContext() : this.#rooms.requests.contextOf(req)
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
    return this.#rooms.structured.all(pieces, options) as Promise<Results<Given>>
  }

  /**
   * `fetch`, with request id and trace of the running unit of work, and its baggage to origins listed in
   * `context.baggageTo`. Headers that the call brings itself stay. In a transaction it is sent at once: its caller waits.
   *
   * @throws what `fetch` throws; FetchStoppedError, for unsafe methods, where effects are only recorded.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return this.#rooms.outgoing.send(input, init)
  }

  /**
   * `x-request-id`, `traceparent` and `tracestate` of the running unit of work, for other clients of HTTP; `{}` outside of any.
   *
   * @param url where they are sent: with `baggage`, if its origin is listed in `context.baggageTo`.
   */
  headers(url?: string | URL): Record<string, string> {
    return this.#rooms.outgoing.headers(url)
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
    return new Transaction(this.#rooms.scope)
  }

  /**
   * The path of a named route: `rage.path('order', { id: 7, page: 2 })` is `/orders/7?page=2`. Names and parameters
   * are checked by the compiler once `RoutePaths` declares them; see `routeTypes`.
   *
   * @throws UnknownRouteNameError, BadPathParamError
   */
  path<Name extends RouteName>(name: Name, ...[params]: PathArguments<Name>): string {
    // Whatever is declared, its values are those that paths take.
    return this.#rooms.routes.pathFor(name, params as PathParams | undefined)
  }

  /** The text of a `.d.ts` file that declares names and parameters of all routes drawn, for `rage.path`. */
  routeTypes(): string {
    return this.#rooms.routes.types()
  }

  /** The owned routes, in the order they were drawn, each with `file:line`. */
  routeList(): readonly Route[] {
    return this.#rooms.routes.routes
  }

  /** The route list as rows: method, pattern, name, target, constraints, middlewares, `file:line`. */
  routeTable(): readonly RouteRow[] {
    return routeTable(this.#rooms.routes.routes)
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
    const { health, checks, isDevelopment } = this.#rooms
    return createProbe(kind, options, { health, checks, isDevelopment })
  }
}
