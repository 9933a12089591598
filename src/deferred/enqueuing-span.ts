/** Inside the span in which jobs are enqueued: they name it as their cause, so that the trace of each leads back to it. */
import { currentSpanOf, formatTraceparent } from '../context'
import type { Scope } from '../kernel'
import type { Job } from './job'

/** Nothing changes where no tracing system has a span. */
export function nameEnqueuingSpan(jobs: readonly Job[], scope: Scope): void {
  const span = currentSpanOf(scope)
  if (span === null) return
  const traceparent = formatTraceparent(span)
  for (const job of jobs) {
    const { tracestate: _, ...carrier } = job.carrier
    job.carrier = {
      ...carrier,
      traceparent,
      ...(span.state === null ? null : { tracestate: span.state }),
    }
  }
}
