/** What the API of OpenTelemetry knows at this moment: whether an SDK is there, which context is active, what a request brings. */
import { type CurrentSpan, currentContext, parseTraceparent } from '../../src/context'
import { warnOnce } from '../../src/kernel'
import type { Api, Context, Span, SpanContext, Tracer, TracerProvider } from './api'

const tracerName = 'rage-js'

/** Of `@opentelemetry/core`; its keys are global symbols, so that nothing of it has to be loaded. */
const suppressKey = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')
const metadataKey = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA')

/** What the official instrumentation of `http` keeps for the request of a context. */
export interface HttpMetadata {
  readonly type: unknown
  readonly span: Span
  /** Becomes `http.route` and part of the name when the request ends. */
  route?: string | undefined
}

/** What a provider has while none is registered: it hands out tracers that will find one later. */
interface ProxyProvider extends TracerProvider {
  getDelegateTracer?(name: string, version?: string): Tracer | undefined
}

export class Sdk {
  readonly api: Api
  readonly #provider: TracerProvider | null
  #tracer: Tracer | null = null

  /** @param provider `null` = the global one. */
  constructor(api: Api, provider: TracerProvider | null) {
    this.api = api
    this.#provider = provider
  }

  /** `null` until an SDK has registered itself, which may be after the runtime was made. */
  get tracer(): Tracer | null {
    return this.#tracer ?? this.#find()
  }

  /** Asked each time: another copy of the API may be the one that the SDK registers with. */
  #find(): Tracer | null {
    const provider: ProxyProvider = this.#provider ?? this.api.trace.getTracerProvider()
    const tracer =
      provider.getDelegateTracer === undefined
        ? provider.getTracer(tracerName)
        : provider.getDelegateTracer(tracerName)
    return (this.#tracer = tracer ?? null)
  }

  isSuppressed(context: Context): boolean {
    return context.getValue(suppressKey) === true
  }

  suppress(context: Context): Context {
    return context.setValue(suppressKey, true)
  }

  /** Of the request that `context` belongs to, where the official instrumentation of `http` is at work. */
  httpMetadata(context: Context): HttpMetadata | null {
    const metadata = context.getValue(metadataKey) as HttpMetadata | undefined
    return metadata?.type === 'http' ? metadata : null
  }

  /** What the caller sent, by the propagators of the SDK; where it has none, the headers of W3C Trace Context. */
  extract(base: Context, headers: Readonly<Record<string, unknown>>): Context {
    const { propagation, trace } = this.api
    if (propagation.fields().length > 0) return propagation.extract(base, headers)
    const parent = parseTraceparent(headers.traceparent)
    if (parent === null) return base
    const { tracestate } = headers
    const state = typeof tracestate === 'string' ? tracestate : null
    return trace.setSpanContext(base, this.spanContextOf({ ...parent, state }, true))
  }

  spanContextOf({ traceId, spanId, sampled, state }: CurrentSpan, isRemote: boolean): SpanContext {
    const traceFlags = sampled ? this.api.TraceFlags.SAMPLED : this.api.TraceFlags.NONE
    const ids = { traceId, spanId, traceFlags, isRemote }
    return state === null ? ids : { ...ids, traceState: this.api.createTraceState(state) }
  }

  /** `null` for a span that has no valid ids. */
  idsOf(span: Span | undefined): CurrentSpan | null {
    const context = span?.spanContext()
    if (context === undefined || !this.api.isSpanContextValid(context)) return null
    const { traceId, spanId, traceFlags, traceState } = context
    return { traceId, spanId, sampled: (traceFlags & 1) === 1, state: traceState?.serialize() || null }
  }

  /** The active span or, where its context was lost and ours was not, that of the unit of work. */
  current(): CurrentSpan | null {
    const { context, trace } = this.api
    const unit = currentContext()
    // The loop of the queue runs in the context of whoever woke it, until the span of the job begins.
    if (unit !== null && unit.kind === 'job' && unit.span === null) return null
    return this.idsOf(trace.getSpan(context.active())) ?? unit?.span?.ids ?? null
  }
}

/** Processors and samplers are the application's, and what they throw must not reach its requests. */
export function complain(error: unknown, during: string): void {
  warnOnce(
    'RAGE_W060',
    `OpenTelemetry failed while ${during}: ${String(error)}. The work went on, without that span.`,
    during,
  )
}
