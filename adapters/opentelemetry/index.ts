/**
 * opentelemetry: the work of a runtime as spans and metrics of OpenTelemetry, through the SDK that the application
 * has set up. Makes no exporters and flushes nothing: those are the application's.
 */
import { resolveOptions } from '../../src/kernel'
import type { Tracing } from '../../src/telemetry'
import { loadApi } from './api'
import { type OpenTelemetryOptions, opentelemetryOptions } from './options'
import { Sdk } from './sdk'
import { OpenTelemetryTracing } from './tracing'

export {
  type ProducedMetric,
  type ProducedMetrics,
  type RageMetricProducer,
  rageMetricProducer,
} from './metric-producer'
export type { OpenTelemetryOptions } from './options'

/**
 * Traces for `createRage({ tracing: openTelemetry() })`. The SDK may be started before or after; until it is, and without
 * one, nothing is made. Needs the package `@opentelemetry/api`, which every SDK brings along.
 *
 * @throws MissingPackageError, UnknownOptionError, InvalidOptionError
 */
export function openTelemetry(options?: OpenTelemetryOptions): Tracing {
  const settings = resolveOptions(opentelemetryOptions, options, 'openTelemetry')
  return new OpenTelemetryTracing(new Sdk(loadApi(), settings.tracerProvider), settings)
}
