/** Memory of the process and of the spaces of V8's heap, read when an exporter asks. */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import type { Metrics } from './metrics'

export function addMemoryMetrics(metrics: Metrics): void {
  metrics.gauge('rage_process_resident_memory_bytes', {
    help: 'Memory of the process that is in RAM.',
    collect: () => process.memoryUsage.rss(),
  })
  metrics.gauge('rage_process_external_memory_bytes', {
    help: 'Memory outside of the heap that objects of JavaScript hold: buffers and native objects.',
    collect: () => getHeapStatistics().external_memory,
  })
  metrics.gauge('rage_heap_limit_bytes', {
    help: 'Size of the heap at which the process dies.',
    collect: () => getHeapStatistics().heap_size_limit,
  })
  metrics.gauge('rage_heap_space_bytes', {
    help: 'Spaces of the heap: size, and what of it is used.',
    labels: ['space', 'state'],
    collect: (set) => {
      for (const { space_name, space_size, space_used_size } of getHeapSpaceStatistics()) {
        set({ space: space_name, state: 'size' }, space_size)
        set({ space: space_name, state: 'used' }, space_used_size)
      }
    },
  })
}
