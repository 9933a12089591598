/**
 * telemetry: what happened, for whoever listens: spans around operations and reports of errors. Publishes;
 * exporters are adapters. Nobody listening costs nothing, and a listener cannot harm what it listens to.
 */
export { type ErrorFacts, type ErrorReporter, ErrorReports } from './error-reports'
export {
  type Span,
  type SpanName,
  SpanPoint,
  type SpanResult,
  TelemetryHandler,
  type TelemetryHandlerClass,
} from './span'
export { Telemetry } from './telemetry'
