/** Answers the port for tracing systems with spans of OpenTelemetry. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CurrentSpan } from '../../src/context'
import type { Resolved } from '../../src/kernel'
import type { RequestSpan, SpanListener, TracedRequest, Tracing } from '../../src/telemetry'
import type { Context, Span } from './api'
import { methodName, requestAttributes } from './http-attributes'
import { IgnoredRequest } from './ignored-request'
import { OperationSpans } from './operation-spans'
import type { OpenTelemetryOptions } from './options'
import { JoinedRequestSpan, OwnRequestSpan } from './request-span'
import { complain, type Sdk } from './sdk'
import { unitOf } from './unit'

export class OpenTelemetryTracing implements Tracing {
  readonly name = 'OpenTelemetry'
  readonly listener: SpanListener
  readonly #sdk: Sdk
  readonly #ignore: Resolved<OpenTelemetryOptions>['ignore']

  constructor(sdk: Sdk, { jobs, except, ignore }: Resolved<OpenTelemetryOptions>) {
    this.#sdk = sdk
    this.#ignore = ignore
    this.listener = new OperationSpans(sdk, { jobs, except })
  }

  current(): CurrentSpan | null {
    try {
      return this.#sdk.current()
    } catch (error) {
      complain(error, 'the current span was asked for')
      return null
    }
  }

  enter(req: IncomingMessage, res: ServerResponse | null, request: TracedRequest): RequestSpan | null {
    try {
      return this.#sdk.tracer === null ? null : this.#enter(req, res, request)
    } catch (error) {
      complain(error, 'the span of a request began')
      return null
    }
  }

  #enter(
    req: IncomingMessage,
    res: ServerResponse | null,
    { requestId, legacyRoute }: TracedRequest,
  ): RequestSpan | null {
    const sdk = this.#sdk
    const around = this.#aroundOf(req)
    if (sdk.isSuppressed(around)) return null
    if (this.#ignore?.(req) === true) return new IgnoredRequest(sdk, around)
    const incoming = { req, legacyRoute }
    const known = this.#serverSpan(around)
    if (known !== null) {
      known.setAttribute('rage.request_id', requestId)
      const joined = new JoinedRequestSpan(sdk, known, around, incoming)
      if (res !== null) joined.endWith(res)
      return joined
    }
    const { ROOT_CONTEXT, SpanKind, trace } = sdk.api
    // A span that is still open around the request is its parent; one in which the server began to listen is not.
    const isInside = trace.getSpan(around)?.isRecording() === true
    const parent = isInside ? around : sdk.extract(ROOT_CONTEXT, req.headers)
    const options = { kind: SpanKind.SERVER, attributes: requestAttributes(req, requestId) }
    const span = sdk.tracer!.startSpan(methodName(req), options, parent)
    if (sdk.idsOf(span) === null) return null
    const own = new OwnRequestSpan(sdk, span, parent, incoming)
    if (res !== null) own.endWith(res)
    return own
  }

  /**
   * The context that the official instrumentation of `http` has tied to the request. What is active may be that of
   * another request, where a middleware came back from a pool of connections.
   */
  #aroundOf(req: IncomingMessage): Context {
    const { context, ROOT_CONTEXT } = this.#sdk.api
    if (!Object.hasOwn(req, 'once')) {
      const active = context.active()
      const unit = unitOf(active)
      return unit === null || unit.isOf(req) ? active : ROOT_CONTEXT
    }
    let around: Context | null = null
    req.once(probe, () => {
      around = context.active()
    })
    req.emit(probe)
    return around ?? context.active()
  }

  /** `null` = nobody has begun a span for the request. */
  #serverSpan(around: Context): Span | null {
    const metadata = this.#sdk.httpMetadata(around)
    if (metadata !== null) return metadata.span
    const { api } = this.#sdk
    const active = api.trace.getSpan(around)
    // Spans of the SDK tell their kind; the interface does not.
    const { kind } = (active ?? {}) as { readonly kind?: number }
    return active !== undefined && kind === api.SpanKind.SERVER && active.isRecording() ? active : null
  }
}

const probe = Symbol('rage-js asks for the context of a request')
