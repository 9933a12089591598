import assert from 'node:assert'
import { describe, it } from 'vitest'
import { addMemoryMetrics, type GaugeSnapshot, Metrics } from '../../../src/telemetry'

describe('metrics: memory', () => {
  it('is that of the process, and of the spaces of its heap', () => {
    const metrics = new Metrics({ maxLabelSets: 100 })
    addMemoryMetrics(metrics)

    const byName = new Map(
      (metrics.collect() as readonly GaugeSnapshot[]).map((one) => [one.name, one.samples]),
    )
    const rss = byName.get('rage_process_resident_memory_bytes')![0]!.value
    const spaces = byName.get('rage_heap_space_bytes')!
    const used = spaces
      .filter(({ labels }) => labels.state === 'used')
      .reduce((sum, { value }) => sum + value, 0)

    assert.ok(Math.abs(rss - process.memoryUsage.rss()) < 50e6)
    assert.ok(Math.abs(used - process.memoryUsage().heapUsed) < 50e6, `${used}`)
    assert.ok(spaces.some(({ labels }) => labels.space === 'old_space' && labels.state === 'size'))
    assert.ok(byName.get('rage_heap_limit_bytes')![0]!.value > used)
    assert.ok(byName.get('rage_process_external_memory_bytes')![0]!.value > 0)
  })
})
