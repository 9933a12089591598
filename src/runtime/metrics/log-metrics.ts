/** The log of this process, read when an exporter asks: the thread that writes it keeps the times of its syncs itself. */
import type { Deferred } from '../../deferred'
import type { Metrics } from '../../telemetry'
import { forThisReading } from './for-this-reading'

const syncs = {
  kind: 'histogram',
  name: 'rage_wal_sync_duration_seconds',
  help: 'Duration of syncs of the log to disk (fdatasync).',
} as const

export function addLogMetrics(metrics: Metrics, deferred: Deferred): void {
  const read = forThisReading(metrics, () => deferred.logStats())
  const figure = (pick: (stats: NonNullable<ReturnType<typeof read>>) => number) => (): number => {
    const stats = read()
    // Not a number = no value: there is no log before boot.
    return stats === null ? Number.NaN : pick(stats)
  }
  metrics.gauge('rage_wal_bytes', {
    help: 'Size of all files of the log.',
    collect: figure(({ bytes }) => bytes),
  })
  metrics.gauge('rage_wal_segments', {
    help: 'Files of the log.',
    collect: figure(({ segments }) => segments),
  })
  metrics.gauge('rage_wal_healthy', {
    help: 'Whether the log accepts jobs, 0 or 1: a full disk or a failed write says no.',
    collect: figure(({ isHealthy }) => (isHealthy ? 1 : 0)),
  })
  metrics.counter('rage_wal_quarantined_total', {
    help: 'Damaged places of the log that were skipped and kept aside.',
    collect: figure(({ damages }) => damages),
  })
  metrics.counter('rage_wal_commits_total', {
    help: 'Writes to the log; many jobs share one.',
    collect: figure(({ commits }) => commits),
  })
  metrics.source('histogram', syncs.name, () => {
    const stats = read()
    if (stats === null) return { ...syncs, bounds: [], samples: [] }
    const { bounds, counts, count, sum } = stats.syncs
    return { ...syncs, bounds, samples: [{ labels: {}, counts, count, sum }] }
  })
}
