import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Patience } from '../../src/telemetry/patience'

/** Milliseconds that `work` takes, as seen by `patience`. */
function took(patience: Patience, work: () => void): number {
  const startedAt = patience.now()
  work()
  return Date.now() - startedAt
}

const work = (cpuMs: number): void => {
  const before = process.cpuUsage()
  const spent = (): number => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }
  while (spent() < cpuMs);
}
const wait = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

describe('telemetry: patience', () => {
  it('bears what is short', () => {
    const patience = new Patience()

    for (let time = 0; time < 10; time++) assert.equal(patience.isLost(50), false)
  })

  it('is lost the second time that the process stands still', () => {
    const patience = new Patience()

    assert.equal(patience.isLost(took(patience, () => wait(200))), false)
    assert.equal(patience.isLost(took(patience, () => wait(200))), true)
  })

  it('is lost soon with whoever computes, at once on a machine that has time', () => {
    const patience = new Patience()
    const first = patience.isLost(took(patience, () => work(200)))
    const second = patience.isLost(took(patience, () => work(200)))

    assert.equal(first || second, true)
  })
})
