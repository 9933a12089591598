/** Joins a runtime and the tracing system that it was given. */
import { setTraceSource } from '../context'
import type { Scope } from '../kernel'
import type { Telemetry, Tracing } from '../telemetry'

/** Spans go to it, and what leaves the runtime names its spans. */
export function connectTracing(tracing: Tracing, scope: Scope, telemetry: Telemetry): void {
  telemetry.listen(tracing.listener)
  setTraceSource(scope, () => tracing.current())
}
