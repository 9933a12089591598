/**
 * telemetry: what happened, for whoever listens: spans around operations and reports of errors. Publishes;
 * exporters are adapters. Nobody listening costs nothing, and a listener cannot harm what it listens to.
 */
export {
  type ErrorAbout,
  type ErrorFacts,
  type ErrorReporter,
  ErrorReports,
  type Severity,
} from './error-reports'
export {
  IdleHandlerError,
  IncompleteHandlerError,
  InvalidLabelsError,
  InvalidMetricError,
  MetricsOffError,
  UnknownSpanError,
} from './errors'
export { addAcceptQueueMetrics } from './metrics/accept-queue'
export { CounterCell, GaugeCell, HistogramCell } from './metrics/cells'
export { EventLoopMetrics } from './metrics/event-loop'
export { GarbageCollectionMetrics } from './metrics/garbage-collection'
export {
  Labelled,
  type LabelledCounter,
  type LabelledGauge,
  type LabelledHistogram,
} from './metrics/instruments'
export { addMemoryMetrics } from './metrics/memory'
export {
  type BucketOptions,
  type CollectOptions,
  type LabelledCollectOptions,
  type LabelledOptions,
  type MetricOptions,
  Metrics,
  standardBuckets,
} from './metrics/metrics'
export type {
  CounterSnapshot,
  GaugeSnapshot,
  HistogramSnapshot,
  Labels,
  MetricSnapshot,
} from './metrics/snapshot'
export type { OpenSpan } from './running-span'
export {
  type AttemptEnd,
  type SpanAttributes,
  type SpanName,
  type SpanOutcome,
  type SpanOutcomes,
  spanNames,
} from './span-attributes'
export type { Span, SpanListener, SpanResult } from './span-listener'
export { SpanPoint } from './span-point'
export { Telemetry } from './telemetry'
export {
  type HandleOptions,
  type SpanPattern,
  TelemetryHandler,
  type TelemetryHandlerClass,
} from './telemetry-handler'
export type { RequestSpan, TracedRequest, Tracing } from './tracing'
