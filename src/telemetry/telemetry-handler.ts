/** What applications extend to hear of spans. */
import type { SpanName } from './span-attributes'
import type { Span, SpanResult } from './span-listener'

/** Which spans one call of `handle` asked for. @internal */
export interface Selection {
  readonly spans: readonly string[]
  readonly except: readonly string[]
}

/** Names or patterns that are left out. */
export interface HandleOptions {
  readonly except?: SpanPattern | readonly SpanPattern[]
}

/** A name, or a pattern with `*` for any part of one. */
export type SpanPattern = SpanName | `${string}*${string}`

/**
 * Extend it, name the spans, register the class:
 *
 *     class Slow extends TelemetryHandler {
 *       static { this.handle('deferred.*', 'controller.action.process', { except: 'deferred.task.progress' }) }
 *       async call(span, next) {
 *         const { durationMs } = await next()
 *         if (durationMs > 500) report(span.name, durationMs)
 *       }
 *     }
 *
 * There is one instance per runtime. Whatever it does, the operation starts at once and its result and error are its
 * own; faults of a handler are warnings (RAGE_W002) that name it, one for each kind.
 *
 * @typeParam Name the spans it handles, for `span.attributes` and the outcome to be typed. Default: all.
 */
export abstract class TelemetryHandler<Name extends SpanName = SpanName> {
  /** @internal */
  static selections: readonly Selection[] = []

  /**
   * Exact names, or patterns: `deferred.*`, `*.process`, `*`. Each call adds spans; those of the base class stay.
   * `except` leaves names or patterns out of this call.
   */
  static handle(...patterns: readonly (SpanPattern | HandleOptions)[]): void {
    const spans = patterns.filter((pattern): pattern is SpanPattern => typeof pattern === 'string')
    const except = patterns.flatMap((pattern) => (typeof pattern === 'string' ? [] : (pattern.except ?? [])))
    this.selections = [...this.selections, { spans, except }]
  }

  /**
   * `next()` starts the operation, inside whatever context it is called in, and answers a promise of its end, which never
   * rejects. Call it before anything is awaited: an operation that has not been started when `call` returns starts then.
   */
  abstract call(span: Span<Name>, next: () => Promise<SpanResult<Name>>): unknown
}

export type TelemetryHandlerClass = {
  readonly selections: readonly Selection[]
  readonly name: string
} & (new () => TelemetryHandler)
