/** Which span is the parent of what a unit of work causes elsewhere: a tracing system's, else the unit's own. */
import type { Scope } from '../kernel'
import type { Context } from './context'
import type { CurrentSpan } from './unit-span'

/** Answered by a tracing system: the span that is current where it is called; `null` = none. */
export type TraceSource = () => CurrentSpan | null

const sources = new WeakMap<Scope, TraceSource>()

/** From now on `source` is asked first for units of work of this runtime. */
export function setTraceSource(scope: Scope, source: TraceSource): void {
  sources.set(scope, source)
}

/** The span of a tracing system that is current, inside of units of work and outside; `null` = none. */
export function currentSpanOf(scope: Scope): CurrentSpan | null {
  return sources.get(scope)?.() ?? null
}

/** Makes a trace if there is none. */
export function outgoingTrace(context: Context): CurrentSpan {
  const ids = activeIds(context)
  if (ids !== null) return ids
  // The tracing system leaves the unit out on purpose: whatever it calls should, too.
  return context.span === null ? context.trace : { ...context.trace, sampled: false }
}

/** As `outgoingTrace`; `null` where nobody has asked for a trace, and none came in. */
export function knownTrace(context: Context): CurrentSpan | null {
  return activeIds(context) ?? (context.isTraced ? outgoingTrace(context) : null)
}

function activeIds(context: Context): CurrentSpan | null {
  return sources.get(context.scope)?.() ?? context.span?.ids ?? null
}
