/**
 * What a runtime knows of each request it has seen: its context, what serves it, and what accompanies it to the end of its
 * response: measurement, span of a tracing system, line in the log. Each is begun once, wherever the request comes by first.
 */
import type { IncomingMessage } from 'node:http'
import { Context, requestIdFrom } from '../context'
import type { Exchange } from '../controller'
import type { Request, Response } from '../http'
import type { Scope } from '../kernel'
import {
  createRequestLog,
  hasGivenWay,
  type Loggers,
  nameAppLines,
  type RequestLog,
  type RequestLogFields,
  requestPathOf,
} from '../logger'
import type { ErrorFacts, RequestSpan, TracedRequest, Tracing } from '../telemetry'
import type { RequestMetrics } from './metrics/request-metrics'
import type { OwnedMatch } from './owned-routes'

export interface SeenRequestsWorld {
  readonly scope: Scope
  /** `null` = requests have no span of a tracing system. */
  readonly tracing: Tracing | null
  /** Pattern of the host's own route that answered a request. */
  readonly legacyRoute: TracedRequest['legacyRoute']
  /** `null` = no line per request. */
  readonly requestLogger: Loggers['requestLogger'] | null
  /** Tags of a request, or `null`. */
  readonly tagsOf: Loggers['tagsOf']
}

export interface Seen {
  readonly context: Context
  /** The owned route that serves it; `null` = legacy. */
  match: OwnedMatch | null
  /** Of the controller, once it serves it: its log line may have more fields. */
  exchange: Exchange | null
  isLogged: boolean
  /** When it was first seen, by performance.now(); 0 = it is not measured. */
  seenAt: number
}

/** A request, as the place where a runtime keeps what it knows of it. */
type Pinnable = { [pin: symbol]: Seen | undefined }

const legacyFields: RequestLogFields = { arm: 'legacy' }
/** Answered here without a route: 404, 405 and OPTIONS where nothing else is around. */
const missedFields: RequestLogFields = { arm: 'rage' }

export class SeenRequests {
  /** `null` = requests are not measured. */
  meter: RequestMetrics | null = null
  readonly #world: SeenRequestsWorld
  // Kept on the request itself: a WeakMap entry per request costs the garbage collector dearly.
  readonly #pin: symbol
  readonly #requestLog: RequestLog | null
  /** Listener for the end of responses: one for all of them. */
  readonly #over: (this: Response) => void

  constructor(world: SeenRequestsWorld) {
    this.#world = world
    this.#pin = Symbol(`${world.scope.name}.request`)
    this.#requestLog =
      world.requestLogger === null ? null : createRequestLog(world.requestLogger, (req) => this.#lineOf(req))
    const seen = this
    this.#over = function (this: Response) {
      seen.#measured(this)
    }
  }

  /** Whether requests leave a line. */
  get areLogged(): boolean {
    return this.#requestLog !== null
  }

  of(req: Request): Seen {
    const known = this.known(req)
    if (known !== null) return known
    const { scope, tagsOf } = this.#world
    const context = new Context({
      kind: 'request',
      scope,
      requestId: ownId(req),
      request: req,
      arm: 'legacy',
    })
    if (tagsOf !== null) context.tags = tagsOf(req)
    const seen: Seen = { context, match: null, exchange: null, isLogged: false, seenAt: 0 }
    // Requests take any property; their type has an index for strings only.
    ;(req as unknown as Pinnable)[this.#pin] = seen
    if (req.log !== undefined) nameAppLines(req, context.requestId)
    return seen
  }

  /** `null` = not seen. */
  known(req: IncomingMessage): Seen | null {
    return (req as unknown as Pinnable)[this.#pin] ?? null
  }

  /** Begins what goes along with a request, as far as it has not begun. */
  accompany(seen: Seen, req: Request, res: Response): RequestSpan | null {
    if (this.meter !== null && seen.seenAt === 0) {
      seen.seenAt = performance.now()
      res.on('close', this.#over)
    }
    const span = this.#world.tracing === null ? null : this.trace(seen.context, req, res)
    // `req.log` is there when the app brings its own pino-http: one line per request is enough.
    if (this.#requestLog !== null && !seen.isLogged && req.log === undefined) {
      seen.isLogged = true
      this.#requestLog(req, res, seen.context)
    }
    return span
  }

  /** Whether `res.err` will stand in a line of ours. */
  hasLine(res: Response): boolean {
    return this.of(res.req as Request).isLogged && !hasGivenWay(res)
  }

  /** @param res `null` for a handshake on its own socket. @returns `null` = requests are not traced, or not this one. */
  trace(context: Context, req: Request, res: Response | null): RequestSpan | null {
    const { tracing, legacyRoute } = this.#world
    if (tracing !== null)
      context.span ??= tracing.enter(req, res, { requestId: context.requestId, legacyRoute })
    return spanOf(context)
  }

  /** For reports of errors: which request it was, and what served it. */
  factsOf(req: Request): ErrorFacts {
    const { match } = this.of(req)
    const { arm, ...served } = match === null ? legacyFields : match.store.value.logFields
    return { method: req.method, path: requestPathOf(req), ...served }
  }

  #lineOf(req: IncomingMessage): RequestLogFields {
    const { match, exchange, context } = this.of(req as Request)
    if (match === null) return context.arm === 'legacy' ? legacyFields : missedFields
    const { logFields } = match.store.value
    const more = exchange?.logFields ?? null
    if (more === null) return logFields
    // Fields of an application cannot replace the facts of the line.
    const { method, path, status, durationMs, ...others } = more
    return { ...others, ...logFields }
  }

  #measured(res: Response): void {
    const { req } = res
    const { match, context, seenAt } = this.of(req as Request)
    const route = match === null ? null : match.store.value
    const arm = context.arm === 'rage' ? 'rage' : 'legacy'
    this.meter?.record(req, res, route, arm, performance.now() - seenAt)
  }
}

/** What `Tracing.enter` gave it. */
export function spanOf(context: Context): RequestSpan | null {
  return context.span as RequestSpan | null
}

/** A counter, as pino-http has one: it begins at 1 in every process, and traces follow from the id. */
const counted = /^\d{1,12}$/

/**
 * An id that an earlier middleware (pino-http, express-request-id) gave the request, for one that came without. Looked at
 * when the context is made: a later middleware cannot rename it.
 */
function ownId(req: IncomingMessage): string | null {
  const { id } = req as { id?: unknown }
  if (typeof id !== 'string' || counted.test(id)) return null
  return requestIdFrom(req.headers?.['x-request-id'] ?? id)
}
