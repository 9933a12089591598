/**
 * The rooms of one runtime, made and introduced to each other: who is handed to whom is decided here and nowhere else.
 * Nothing is opened yet; that is the lifecycle's.
 */
import type { IncomingMessage } from 'node:http'
import { Cable } from '../cable'
import { Codecs } from '../codec'
import { Renderers } from '../controller'
import { Deferred } from '../deferred'
import { Events } from '../events'
import { createService, type Phase, Scope, type Service, systemClock } from '../kernel'
import { createLoggers, type ScopedLogger } from '../logger'
import { LocalBus } from '../pubsub'
import { ErrorReports, Metrics, Telemetry } from '../telemetry'
import { openLog } from '../wal'
import { connectTracing } from './connect-tracing'
import { Control } from './control'
import { deferSubscribers } from './deferred-subscribers'
import { eventCommands } from './event-commands'
import { Folders } from './folders'
import { createHealth, type HealthReport } from './health'
import { HealthChecks } from './health-checks'
import type { Fail, Host, HostedApplication, Surface, SurfaceSeed } from './host'
import { jobCommands } from './job-commands'
import { RuntimeMetrics } from './metrics/runtime-metrics'
import type { RageSettings } from './options'
import { Outgoing } from './outgoing'
import { OwnedRoutes } from './owned-routes'
import { isRegistrable, Registration } from './registration'
import { Requests } from './requests'
import { SeenRequests } from './seen-requests'
import { Servers } from './server'
import { createExceptionApp } from './standalone-errors'
import { Structured } from './structured'

/** What the rooms have to ask the runtime they belong to. */
export interface Owner {
  readonly boot: () => Promise<void>
  readonly phase: () => Phase
  /** What kept it from booting, or `null`. */
  readonly bootError: () => unknown
}

/** Makers of what touches a framework. */
export interface Adapters {
  readonly createHost: (app: HostedApplication) => Host
  readonly createSurface: (seed: SurfaceSeed) => Surface
}

export interface Rooms {
  readonly isDevelopment: boolean
  readonly scope: Scope
  readonly logger: ScopedLogger
  /** Writes what the logger still holds. */
  readonly flushLog: () => void
  readonly errors: ErrorReports
  readonly telemetry: Telemetry
  readonly metrics: Metrics
  readonly runtimeMetrics: RuntimeMetrics
  readonly deferred: Deferred
  readonly events: Events
  readonly cable: Cable
  readonly routes: OwnedRoutes
  readonly renderers: Renderers
  readonly requests: Requests
  readonly host: Host
  readonly surface: Surface
  readonly servers: Servers
  readonly fail: Fail
  readonly health: HealthReport
  readonly checks: HealthChecks
  readonly outgoing: Outgoing
  readonly structured: Structured
  readonly registration: Registration
  readonly folders: Folders
  /** In the order they boot. */
  readonly services: readonly Service[]
}

export function createRooms(settings: RageSettings, adapters: Adapters, owner: Owner): Rooms {
  const { tracing } = settings
  const isDevelopment = settings.environment === 'development'
  const scope = new Scope()
  const telemetry = new Telemetry()
  if (tracing !== null) connectTracing(tracing, scope, telemetry)
  const { logger, requestLogger, tagsOf, flush } = createLoggers({
    ...settings.logger,
    format: settings.logger.format === 'auto' ? 'json' : settings.logger.format,
    context: [settings.logger.context].flat(),
    scope,
    trace: tracing === null ? null : () => tracing.current(),
  })
  const errors = new ErrorReports(logger, { scope })
  const metrics = new Metrics(settings.metrics)
  if (settings.metrics.enabled) metrics.enable()
  const world = { scope, clock: systemClock, logger, telemetry, errors, codecs: new Codecs() }

  const routes = new OwnedRoutes()
  const renderers = new Renderers()
  const registration: Registration = new Registration(() => ({
    scope,
    routes,
    telemetry,
    deferred,
    events,
    cable,
  }))
  const deferred = new Deferred({
    ...world,
    settings: settings.deferred,
    seal: settings.secrets?.atRest ?? null,
    folder: `${settings.storage}/deferred`,
    openLog: () => openLog({ folder: `${settings.storage}/deferred`, logger }),
    boot: owner.boot,
    currentClasses: () => registration.currentClasses,
  })
  const events: Events = new Events({ ...world, deferral: deferSubscribers(deferred, () => events) })
  const cable = new Cable({ ...world, settings: settings.cable, bus: new LocalBus() })

  const surface = adapters.createSurface({
    root: settings.root,
    environment: settings.environment,
    ...settings.connect,
  })
  const legacyRoute = (req: IncomingMessage): string | null => host.legacyRoute(req)
  const seen = new SeenRequests({
    scope,
    tracing,
    legacyRoute,
    requestLogger: settings.logger.requests ? requestLogger : null,
    tagsOf,
  })
  const requests = new Requests({
    ...world,
    seen,
    routes,
    cable,
    surface,
    settings: settings.http,
    cookies: { secrets: settings.secrets, session: settings.session },
    renderers,
    cablePath: () => (cable.isUsed ? settings.cable.path : null),
    phase: owner.phase,
    ready: owner.boot,
  })
  const host = adapters.createHost(requests)
  const servers = new Servers(settings.server)
  const checks = new HealthChecks(world)
  const runtimeMetrics = new RuntimeMetrics({
    metrics,
    settings: settings.metrics,
    telemetry,
    deferred,
    isOnEngine: settings.deferred.engine !== null,
    cable,
    requests,
    seen,
    legacyRoute,
    servers: () => host.servers(),
  })
  const control = new Control({
    storage: settings.storage,
    logger,
    commands: { ...jobCommands(deferred), ...eventCommands(events) },
  })

  return {
    isDevelopment,
    scope,
    logger,
    flushLog: flush,
    errors,
    telemetry,
    metrics,
    runtimeMetrics,
    deferred,
    events,
    cable,
    routes,
    renderers,
    requests,
    host,
    surface,
    servers,
    fail: createExceptionApp({
      errors,
      showsDetails: isDevelopment,
      contextOf: (req) => requests.contextOf(req),
      factsOf: (req) => seen.factsOf(req),
      isDraining: () => owner.phase() === 'draining' || owner.phase() === 'stopped',
    }),
    health: createHealth({ phase: owner.phase, bootError: owner.bootError, deferred, checks }),
    checks,
    outgoing: new Outgoing(settings.context),
    structured: new Structured({
      spawn: telemetry.point('core.task.spawn'),
      await: telemetry.point('core.task.await'),
      errors,
    }),
    registration,
    folders: new Folders({
      root: settings.root,
      fileMs: settings.loadFileMs,
      isRegistrable,
      register: (type) => registration.add(type),
    }),
    services: [
      createService('metrics', { stop: () => runtimeMetrics.stop() }),
      errors.service,
      deferred.service,
      events.service,
      servers.service,
      cable.service,
      requests.service,
      control.service,
    ],
  }
}
