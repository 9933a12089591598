/** Errors of telemetry: registration of handlers, metrics. */
import { inspect } from 'node:util'
import { defineError } from '../kernel'

/** A telemetry handler that would hear of nothing was registered. */
export class IdleHandlerError extends defineError('RAGE_TELEMETRY_IDLE_HANDLER', {
  what: (f: { handler: string }) => `Telemetry handler ${f.handler} names no span.`,
  fix: "Name some in the class: static { this.handle('deferred.*') }.",
}) {}

/** A telemetry handler without a method `call` was registered. */
export class IncompleteHandlerError extends defineError('RAGE_TELEMETRY_INCOMPLETE_HANDLER', {
  what: (f: { handler: string }) => `Telemetry handler ${f.handler} has no method call.`,
  fix: 'Give the class one: async call(span, next) { const { durationMs } = await next() }.',
}) {}

/** A telemetry handler asked for spans that do not exist. */
export class UnknownSpanError extends defineError('RAGE_TELEMETRY_UNKNOWN_SPAN', {
  what: (f: { handler: string; pattern: string; hint: string }) =>
    `Telemetry handler ${f.handler} wants "${f.pattern}", which matches no span.${f.hint}`,
  fix: 'Use a name of the table in migration-guide/telemetry.md, or a pattern: deferred.*, *.process, *.',
}) {}

/** A metric or one of its labels has a name that Prometheus does not take, or that would be written under two names. */
export class InvalidMetricError extends defineError('RAGE_TELEMETRY_INVALID_METRIC', {
  what: (f: { metric: string; problem: string }) => `The metric "${f.metric}" ${f.problem}.`,
  fix: 'See migration-guide/metrics.md for the rules: letters, digits and _; counters end in _total; units in the name.',
}) {}

/** A label set lacks a label of the metric, or has one that the metric does not have. */
export class InvalidLabelsError extends defineError('RAGE_TELEMETRY_INVALID_LABELS', {
  what: (f: { metric: string; expected: readonly string[]; given: unknown }) =>
    `The metric "${f.metric}" has the labels ${inspect(f.expected)}, got ${inspect(f.given, { depth: 1, breakLength: Infinity })}.`,
  fix: 'Give each label of the metric a text, and no other.',
}) {}

/** An exporter of metrics was made after boot, of a runtime whose metrics are off. */
export class MetricsOffError extends defineError('RAGE_TELEMETRY_METRICS_OFF', {
  what: (f: { exporter: string }) =>
    `${f.exporter} was made after boot, and this runtime was booted without metrics.`,
  fix: 'Make it before rage.boot() and before a server listens, or give createRage({ metrics: true }).',
}) {}
