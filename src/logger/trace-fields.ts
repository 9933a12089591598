/** The span that a line belongs to, under the names that tracing systems look for in logs. Only where there is one. */
import { type Context, currentContext, type TraceSource } from '../context'

/** @param owner whose line it is, wherever it is written; `null` = that of whoever writes it. */
export function addTrace(fields: Record<string, unknown>, current: TraceSource, owner: Context | null): void {
  const ids = owner === null || owner === currentContext() ? current() : (owner.span?.ids ?? null)
  if (ids === null) return
  fields.trace_id = ids.traceId
  fields.span_id = ids.spanId
  fields.trace_flags = ids.sampled ? '01' : '00'
}
