import assert from 'node:assert/strict'
import { describe, it, vi } from 'vitest'
import { systemClock } from '../../src/kernel'

const day = 86_400_000

describe('kernel: the system clock', () => {
  it('waits longer than the 24.8 days a Node timeout can', () => {
    vi.useFakeTimers()
    const fired: string[] = []
    systemClock.after(60 * day, () => fired.push('due'))

    vi.advanceTimersByTime(59 * day)
    assert.deepEqual(fired, [])

    vi.advanceTimersByTime(day)
    assert.deepEqual(fired, ['due'])
    vi.useRealTimers()
  })

  it('does not fire what was cancelled', () => {
    vi.useFakeTimers()
    const fired: string[] = []
    systemClock.after(10, () => fired.push('due')).cancel()

    vi.advanceTimersByTime(20)

    assert.deepEqual(fired, [])
    vi.useRealTimers()
  })
})
