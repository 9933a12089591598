/**
 * The jobs of an engine, which its server counts: asked for when an exporter reads, so that a server that is away costs one
 * question and a moment. Without an answer there is no value.
 */
import type { Deferred, EngineCounts } from '../../deferred'
import type { Metrics } from '../../telemetry'

/** An answer is shown for as long to those who collect without asking. */
const freshMs = 10_000

export function addEngineMetrics(metrics: Metrics, deferred: Pick<Deferred, 'polledCount'>): void {
  let counts: EngineCounts | null = null
  let answeredAt = 0
  metrics.beforeRead(async () => {
    counts = await deferred.polledCount()
    answeredAt = performance.now()
  })
  metrics.gauge('rage_deferred_engine_jobs', {
    help: 'Jobs on the server of the engine, of all processes together: queued (could run now), delayed (wait for their time), running or dead.',
    labels: ['state'],
    collect: (set) => {
      if (counts === null || performance.now() - answeredAt > freshMs) return
      const { queued, delayed, running, dead } = counts
      for (const [state, jobs] of Object.entries({ queued, delayed, running, dead })) set({ state }, jobs)
    },
  })
}
