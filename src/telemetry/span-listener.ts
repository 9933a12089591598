/**
 * What hears of spans without standing in their way: the form for metrics and exporters, and what handlers of
 * applications (`TelemetryHandler`) are turned into. Two plain calls per operation, no promise.
 *
 *     telemetry.listen({ name: 'requests', spans: ['controller.action.process'], end: (span, result) => count(span, result) })
 *
 * Whatever a listener throws is reported once and stops nothing.
 */
import type { SpanAttributes, SpanName, SpanOutcome } from './span-attributes'

/** One run of an operation; narrow it by `name`. */
export type Span<Name extends SpanName = SpanName> = {
  [Each in Name]: {
    readonly name: Each
    /** What is known at the start; handlers get a copy each, listeners are not to change it. The keys are documented per span. */
    readonly attributes: Readonly<SpanAttributes[Each]>
  }
}[Name]

/** How an operation ended. */
export interface SpanResult<Name extends SpanName = SpanName> {
  /** What it threw or rejected with, or `null`. */
  readonly error: unknown
  /** Of the operation alone, without those who listen. */
  readonly durationMs: number
  /** What is known only at the end; `{}` where that is nothing. */
  readonly outcome: SpanOutcome<Name>
}

export interface SpanListener<Name extends SpanName = SpanName, State = unknown> {
  /** Who it is, for warnings. */
  readonly name: string
  /** Names of spans, `*` standing for any part: `'deferred.*'`, `'*.process'`, `'*'`. */
  readonly spans: readonly string[]
  /** Left out of `spans`, in the same form. Default: none. */
  readonly except?: readonly string[]
  /** `false` spares the clock where nobody else wants it: `durationMs` is then 0. Default: true. */
  readonly isTimed?: boolean
  /** Called synchronously before the operation, inside its context. What it returns is given to the others as `state`. */
  start?(span: Span<Name>): State
  /**
   * Starts the operation inside something of its own, such as an AsyncLocalStorage: calls `proceed`, once, before it
   * returns. `proceed` never throws. If it is not called, the operation starts when this has returned.
   */
  within?(span: Span<Name>, state: State, proceed: () => void): void
  /** Called synchronously when the operation has ended; for a synchronous one before its caller goes on. */
  end?(span: Span<Name>, result: SpanResult<Name>, state: State): void
}
