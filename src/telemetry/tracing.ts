/**
 * The port for a tracing system, such as OpenTelemetry, answered by an adapter: it hears of every span by its listener, is
 * asked to wrap requests, which have a span from their first middleware on, and says which span is current.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CurrentSpan, UnitSpan } from '../context'
import type { SpanListener } from './span-listener'

export interface Tracing {
  readonly name: string
  readonly listener: SpanListener
  /** The span that is current where this is called; `null` = none, or nobody collects spans. Never throws. */
  current(): CurrentSpan | null
  /**
   * A request has come in: begins its span, unless somebody else has. Never throws.
   *
   * @param res `null` for a handshake whose socket was handed over; the span of the handshake ends it.
   * @returns `null` = it is not traced.
   */
  enter(req: IncomingMessage, res: ServerResponse | null, request: TracedRequest): RequestSpan | null
}

/** What the runtime knows of a request that comes in. */
export interface TracedRequest {
  readonly requestId: string
  /** Pattern of the route of the app that answered it, once that is known; `null` = none. */
  readonly legacyRoute: (req: IncomingMessage) => string | null
}

/** The span of a request on the server, ours or one that somebody else began. Nothing of it throws. */
export interface RequestSpan extends UnitSpan {
  /** An owned route serves the request; `null` where its target is no action. */
  servedBy(route: string, controller: string | null, action: string | null): void
  /** The owned route has passed it on to the rest of the app. */
  passedOn(): void
  /** What becomes a response of status 5xx. */
  failed(error: unknown): void
}
