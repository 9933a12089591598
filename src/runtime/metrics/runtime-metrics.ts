/**
 * What the runtime measures of itself. Nothing here exists before boot, nor after it unless metrics are on: then each part is
 * made once, and listens or is read from then on.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Cable } from '../../cable'
import type { Deferred } from '../../deferred'
import {
  addAcceptQueueMetrics,
  addMemoryMetrics,
  EventLoopMetrics,
  GarbageCollectionMetrics,
  type Metrics,
  type Telemetry,
} from '../../telemetry'
import type { MetricsSettings } from '../metrics-options'
import { CableMetrics } from './cable-metrics'
import { DeferredMetrics } from './deferred-metrics'
import { addEngineMetrics } from './engine-metrics'
import { EventsMetrics } from './events-metrics'
import { addLogMetrics } from './log-metrics'
import { RequestMetrics } from './request-metrics'

export interface RuntimeMetricsWorld {
  readonly metrics: Metrics
  readonly settings: MetricsSettings
  readonly telemetry: Telemetry
  readonly deferred: Deferred
  readonly isOnEngine: boolean
  readonly cable: Cable
  readonly requests: { readonly running: number }
  readonly seen: { meter: RequestMetrics | null }
  readonly legacyRoute: (req: IncomingMessage) => string | null
  readonly servers: () => Iterable<Server>
}

/** What has to be started and stopped. */
interface Watch {
  start(): void
  stop(): void
}

export class RuntimeMetrics {
  readonly #world: RuntimeMetricsWorld
  #watches: readonly Watch[] = []

  constructor(world: RuntimeMetricsWorld) {
    this.#world = world
  }

  /** Called at boot, before the spans are compiled. */
  compile(): void {
    const { metrics, settings, telemetry, deferred, isOnEngine, cable } = this.#world
    if (!metrics.settle()) return
    if (settings.requests) this.#addRequests()
    telemetry.listen(new DeferredMetrics({ metrics, settings, deferred, isOnEngine }).listener())
    if (isOnEngine) addEngineMetrics(metrics, deferred)
    else addLogMetrics(metrics, deferred)
    telemetry.listen(new EventsMetrics(metrics).listener())
    telemetry.listen(new CableMetrics(metrics, cable).listener())
    if (settings.process) this.#addProcess()
    for (const watch of this.#watches) watch.start()
  }

  stop(): void {
    this.#world.seen.meter = null
    for (const watch of this.#watches) watch.stop()
    this.#watches = []
  }

  #addRequests(): void {
    const { metrics, requests, seen } = this.#world
    seen.meter = new RequestMetrics(this.#world)
    metrics.gauge('rage_http_requests_running', {
      help: 'Requests for owned routes that are being served.',
      collect: () => requests.running,
    })
  }

  #addProcess(): void {
    const { metrics, settings, servers } = this.#world
    this.#watches = [
      new EventLoopMetrics(metrics, settings.eventLoopResolutionMs),
      new GarbageCollectionMetrics(metrics),
    ]
    addMemoryMetrics(metrics)
    addAcceptQueueMetrics(metrics, () => portsOf(servers()))
  }
}

function* portsOf(servers: Iterable<Server>): Iterable<number> {
  for (const server of servers) {
    const address = server.address()
    if (typeof address === 'object' && address !== null) yield address.port
  }
}
