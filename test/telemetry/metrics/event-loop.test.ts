import assert from 'node:assert'
import { afterEach, describe, it } from 'vitest'
import { EventLoopMetrics, Metrics } from '../../../src/telemetry'

const watches: EventLoopMetrics[] = []

function watched() {
  const metrics = new Metrics({ maxLabelSets: 10 })
  const watch = new EventLoopMetrics(metrics, 5)
  watch.start()
  watches.push(watch)
  return () => {
    const [delay, utilization] = metrics.collect()
    const of = (stat: string): number => {
      const sample = delay!.samples.find(({ labels }) => labels.stat === stat)
      return (sample as { value: number }).value
    }
    return {
      p50: of('p50'),
      p99: of('p99'),
      max: of('max'),
      utilization: (utilization!.samples[0] as { value: number }).value,
    }
  }
}

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('metrics: the event loop', () => {
  afterEach(() => {
    for (const watch of watches.splice(0)) watch.stop()
  })

  it('is late by as long as it was blocked', async () => {
    const read = watched()
    await pause(50)

    block(150)
    await pause(50)
    const { p50, max, utilization } = read()

    assert.ok(max > 0.13 && max < 1, `max ${max}`)
    assert.ok(p50 < max, `p50 ${p50}`)
    assert.ok(utilization > 0.3 && utilization <= 1, `utilization ${utilization}`)
  })

  it('reads as the same to all that ask within a second, and anew afterwards', async () => {
    const read = watched()
    await pause(30)
    block(150)
    await pause(30)

    const [first, second] = [read(), read()]
    await pause(1_050)
    const third = read()

    assert.deepEqual(second, first)
    assert.ok(third.utilization < first.utilization, `${third.utilization} after ${first.utilization}`)
  })

  it('is not late before it was looked at', () => {
    const read = watched()

    const { p50, p99, max } = read()

    assert.deepEqual([p50, p99, max], [0, 0, 0])
  })
})
