/** The span of a request on the server: ours, from the first middleware to the end of the response, or the official one. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestSpan, TracedRequest } from '../../src/telemetry'
import type { Context, Span } from './api'
import { errorType, messageOf } from './failure'
import { methodName } from './http-attributes'
import { fullRoute } from './route'
import { complain, type HttpMetadata, type Sdk } from './sdk'
import { Unit } from './unit'

/** A request, and how its route is found once it was answered. */
export interface Incoming {
  readonly req: IncomingMessage
  readonly legacyRoute: TracedRequest['legacyRoute']
}

/** What both kinds have in common: the owned route that serves the request names the span. */
abstract class ServerSpan extends Unit implements RequestSpan {
  protected readonly incoming: Incoming
  /** Of the route as a whole; `null` = no owned one. */
  protected route: string | null = null
  protected failure: unknown = null

  constructor(sdk: Sdk, span: Span, around: Context, incoming: Incoming) {
    super(sdk, span, around)
    this.incoming = incoming
  }

  override isOf(req: object): boolean {
    return this.incoming.req === req
  }

  servedBy(pattern: string, controller: string | null, action: string | null): void {
    const { span } = this
    const { req } = this.incoming
    try {
      this.route = fullRoute(req, pattern)
      span.updateName(`${methodName(req)} ${this.route}`)
      span.setAttribute('http.route', this.route)
      span.setAttribute('rage.arm', 'rage')
      if (controller === null || action === null) return
      span.setAttribute('rage.controller', controller)
      span.setAttribute('rage.action', action)
    } catch (error) {
      complain(error, 'the span of a request was named')
    }
  }

  passedOn(): void {
    this.route = null
  }

  failed(error: unknown): void {
    this.failure = error
  }

  abstract answered(status: number): void
}

/** A span that we began and end. */
export class OwnRequestSpan extends ServerSpan {
  readonly #errorCode: number
  #hasEnded = false

  constructor(sdk: Sdk, span: Span, around: Context, incoming: Incoming) {
    super(sdk, span, around, incoming)
    this.#errorCode = sdk.api.SpanStatusCode.ERROR
  }

  /** Ends with the response: it is sent, or its client goes. */
  endWith(res: ServerResponse): void {
    const end = (): void => this.#end(res.headersSent ? res.statusCode : null)
    if (res.closed) return end()
    res.once('close', end)
    // A refused handshake: the response stands on a socket that Node has let go of, and never closes.
    if (this.incoming.req.headers.upgrade !== undefined) res.once('finish', end)
  }

  answered(status: number): void {
    this.#end(status)
  }

  /** @param status `null` = the client had gone before there was an answer. */
  #end(status: number | null): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const { span, route } = this
    try {
      if (route === null) this.#nameLegacy()
      if (status !== null) span.setAttribute('http.response.status_code', status)
      if (status !== null && status >= 500) this.#fail(status)
      span.end()
    } catch (error) {
      complain(error, 'the span of a request ended')
    }
  }

  #nameLegacy(): void {
    const { req, legacyRoute } = this.incoming
    const route = legacyRoute(req)
    const method = methodName(req)
    this.span.updateName(route === null ? method : `${method} ${route}`)
    if (route === null) return
    this.span.setAttribute('http.route', route)
    this.span.setAttribute('rage.arm', 'legacy')
  }

  #fail(status: number): void {
    const { span, failure } = this
    const code = this.#errorCode
    span.setAttribute('error.type', failure === null ? String(status) : errorType(failure))
    // What the status says needs no words.
    span.setStatus(failure === null ? { code } : { code, message: messageOf(failure) })
  }
}

/** A span of the official instrumentation of `http`, or one that the application began: they end it. */
export class JoinedRequestSpan extends ServerSpan {
  readonly #metadata: HttpMetadata | null

  constructor(sdk: Sdk, span: Span, around: Context, incoming: Incoming) {
    super(sdk, span, around, incoming)
    this.#metadata = sdk.httpMetadata(around)
  }

  override servedBy(pattern: string, controller: string | null, action: string | null): void {
    super.servedBy(pattern, controller, action)
    // The instrumentation names span and metric by this once more when the response ends.
    if (this.#metadata !== null) this.#metadata.route = this.route ?? undefined
  }

  override passedOn(): void {
    super.passedOn()
    if (this.#metadata !== null) this.#metadata.route = undefined
  }

  /** What is known only when it was answered, told before whoever began the span ends it. */
  endWith(res: ServerResponse): void {
    res.prependOnceListener('close', () => {
      try {
        if (this.route === null) this.#nameLegacy()
        if (this.failure !== null && res.statusCode >= 500)
          this.span.setAttribute('error.type', errorType(this.failure))
      } catch (error) {
        complain(error, 'the span of a request ended')
      }
    })
  }

  /** The socket is handed over, which the instrumentation does not see: nobody else would end it. */
  answered(status: number): void {
    this.span.setAttribute('http.response.status_code', status)
    this.span.end()
  }

  /** That of express may know the route; that of http cannot. */
  #nameLegacy(): void {
    this.span.setAttribute('rage.arm', 'legacy')
    const metadata = this.#metadata
    if (metadata === null || metadata.route !== undefined) return
    const { req, legacyRoute } = this.incoming
    metadata.route = legacyRoute(req) ?? undefined
    if (metadata.route === undefined) this.span.updateName(methodName(req))
  }
}
