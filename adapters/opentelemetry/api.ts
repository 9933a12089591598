/** Seam for `@opentelemetry/api`: the one package that tracing needs at run time, and an optional peer. */
import { loadPeer } from '../../src/kernel'

export type {
  Attributes,
  AttributeValue,
  Context,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanOptions,
  TimeInput,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api'

export type Api = typeof import('@opentelemetry/api')

/** @throws MissingPackageError with the command that installs it. */
export function loadApi(): Api {
  return loadPeer('openTelemetry()', '@opentelemetry/api@1', () => require('@opentelemetry/api') as Api)
}
