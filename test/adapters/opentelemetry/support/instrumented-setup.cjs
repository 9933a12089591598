// What an application puts into the file that it starts Node with: the SDK with the official instrumentations.
const { context, propagation, trace } = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto')
const { registerInstrumentations } = require('@opentelemetry/instrumentation')
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express')
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base')

const { COLLECTOR, INSTRUMENTED = 'http,express' } = process.env
const exporter = new OTLPTraceExporter({ url: `${COLLECTOR}/v1/traces` })
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
context.setGlobalContextManager(new AsyncLocalStorageContextManager())
propagation.setGlobalPropagator(propagatorOfW3C())
trace.setGlobalTracerProvider(provider)
const all = {
  http: () => new HttpInstrumentation({ ignoreIncomingRequestHook: (req) => req.url === '/healthz' }),
  express: () => new ExpressInstrumentation(),
}
registerInstrumentations({
  instrumentations: INSTRUMENTED.split(',').flatMap((name) => (all[name] === undefined ? [] : [all[name]()])),
})
globalThis.flushSpans = () => provider.forceFlush()

/** As W3CTraceContextPropagator of the SDK's core, for headers in order. */
function propagatorOfW3C() {
  return {
    fields: () => ['traceparent'],
    inject(from, carrier, setter) {
      const ids = trace.getSpanContext(from)
      if (ids !== undefined) setter.set(carrier, 'traceparent', `00-${ids.traceId}-${ids.spanId}-01`)
    },
    extract(to, carrier, getter) {
      const [, traceId, spanId] = String(getter.get(carrier, 'traceparent') ?? '').split('-')
      return spanId === undefined
        ? to
        : trace.setSpanContext(to, { traceId, spanId, traceFlags: 1, isRemote: true })
    },
  }
}
