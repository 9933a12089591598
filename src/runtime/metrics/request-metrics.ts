/**
 * Duration of every request by method, route, arm and class of status: its count is the rate, the part with `5xx` the errors.
 * Cells are found by identity and small tables; nothing is built per request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HistogramCell, LabelledHistogram, Metrics } from '../../telemetry'
import type { MetricsSettings } from '../metrics-options'
import type { OwnedRoute } from '../owned-routes'

/** Answered by Express, and not by a route of it: static files, middleware, 404. */
const withoutRoute = '(legacy)'
/** Answered here, and by no route: 404, 405. */
const missed = '(none)'
/** Legacy routes whose names are kept. */
const mostLegacy = 10_000
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** By the first digit of the status; 0 = the client had gone before the answer was whole. */
const statuses = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

export type Arm = 'rage' | 'legacy'

/** The cells of one route, by method and class of status. */
class RouteCells {
  readonly #histogram: LabelledHistogram<'method' | 'route' | 'arm' | 'status'>
  readonly #route: string
  readonly #arm: Arm
  readonly #rows = new Map<string, (HistogramCell | null)[]>()

  constructor(histogram: LabelledHistogram<'method' | 'route' | 'arm' | 'status'>, route: string, arm: Arm) {
    this.#histogram = histogram
    this.#route = route
    this.#arm = arm
  }

  of(given: string, status: number): HistogramCell {
    const method = methods.has(given) ? given : 'other'
    let row = this.#rows.get(method)
    if (row === undefined) this.#rows.set(method, (row = statuses.map(() => null)))
    return (row[status] ??= this.#histogram.ofValues([method, this.#route, this.#arm, statuses[status]!]))
  }
}

export interface RequestMetricsWorld {
  readonly metrics: Metrics
  readonly settings: MetricsSettings
  /** Pattern of the legacy route that answered; `null` = none is known. */
  readonly legacyRoute: (req: IncomingMessage) => string | null
}

export class RequestMetrics {
  readonly #histogram: LabelledHistogram<'method' | 'route' | 'arm' | 'status'>
  readonly #legacyRoute: RequestMetricsWorld['legacyRoute']
  readonly #owned = new Map<OwnedRoute, RouteCells>()
  readonly #legacy = new Map<string, RouteCells>()
  readonly #missed: RouteCells
  readonly #withoutRoute: RouteCells

  constructor({ metrics, settings, legacyRoute }: RequestMetricsWorld) {
    this.#legacyRoute = legacyRoute
    this.#histogram = metrics.histogram('rage_http_request_duration_seconds', {
      help: 'Duration of requests from the first middleware of rage to the end of the response.',
      labels: ['method', 'route', 'arm', 'status'],
      buckets: settings.durationBuckets,
    })
    this.#missed = new RouteCells(this.#histogram, missed, 'rage')
    this.#withoutRoute = new RouteCells(this.#histogram, withoutRoute, 'legacy')
  }

  // Hot path: bench/telemetry.mjs. Once per request, when its response is over.
  /** @param route the owned route that answered, or `null`. */
  record(req: IncomingMessage, res: ServerResponse, route: OwnedRoute | null, arm: Arm, ms: number): void {
    // A socket that was taken over is no answer, however long it lives.
    if (!res.headersSent && req.headers?.upgrade !== undefined) return
    const isWhole = res.writableFinished ?? res.writableEnded
    const status = isWhole ? (res.statusCode / 100) | 0 : 0
    const cells =
      route !== null ? this.#ownedCells(route) : arm === 'rage' ? this.#missed : this.#legacyCells(req)
    cells.of(req.method ?? 'GET', status >= 0 && status <= 5 ? status : 5).observe(ms / 1_000)
  }

  #ownedCells(route: OwnedRoute): RouteCells {
    let cells = this.#owned.get(route)
    if (cells === undefined) {
      cells = new RouteCells(this.#histogram, route.logFields.route, 'rage')
      this.#owned.set(route, cells)
    }
    return cells
  }

  #legacyCells(req: IncomingMessage): RouteCells {
    const pattern = this.#legacyRoute(req)
    if (pattern === null) return this.#withoutRoute
    let cells = this.#legacy.get(pattern)
    if (cells === undefined) {
      if (this.#legacy.size >= mostLegacy) return this.#withoutRoute
      cells = new RouteCells(this.#histogram, pattern, 'legacy')
      this.#legacy.set(pattern, cells)
    }
    return cells
  }
}
