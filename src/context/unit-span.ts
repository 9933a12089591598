/** What a tracing system keeps for a unit of work: the ids of its span, and how to be inside of that span again. */
import type { TraceParent } from './trace'

/** Ids of a span of a tracing system, as log lines, jobs and outgoing headers name it. */
export interface CurrentSpan extends TraceParent {
  /** `tracestate`; `null` = none. */
  readonly state: string | null
}

export interface UnitSpan {
  /** `null` = the unit is left out of traces on purpose. */
  readonly ids: CurrentSpan | null
  /** Calls `work` inside the span, unless it, or a span within it, is the current one already. */
  run<T>(work: () => T): T
}
