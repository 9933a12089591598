import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Firings } from '../../../src/deferred/schedule/firings'

const slot = { schedule: 'nightly', at: 1_000 }

describe('deferred: a job of a schedule that is found in a log', () => {
  it('runs when its slot has fired with it', () => {
    const firings = Firings.from(null)
    firings.fire('nightly', 1_000, 'a:1')

    assert.equal(firings.isOrphan(slot, 'a:1'), false)
  })

  it('does not run when its slot has not fired, or has fired with another', () => {
    const firings = Firings.from(null)
    firings.pass('nightly', 500)
    assert.equal(firings.isOrphan(slot, 'a:1'), true)

    firings.fire('nightly', 1_000, 'b:1')
    firings.fire('nightly', 2_000, 'b:2')
    assert.equal(firings.isOrphan(slot, 'a:1'), true)
  })

  it('runs when it is older than what is remembered, or nothing is known of its schedule', () => {
    const firings = Firings.from(null)
    assert.equal(firings.isOrphan(slot, 'a:1'), false)

    for (let n = 0; n < 40; n++) firings.fire('nightly', 2_000 + n, `b:${n}`)
    assert.equal(firings.isOrphan(slot, 'a:1'), false)
  })

  it('is told the same by the file', () => {
    const firings = Firings.from(null)
    firings.fire('nightly', 1_000, 'a:1')

    const read = Firings.from(firings.text)

    assert.equal(firings.text, '{"v":1,"schedules":{"nightly":{"until":1000,"fired":[[1000,"a:1"]]}}}')
    assert.equal(read.untilOf('nightly'), 1_000)
    assert.throws(() => Firings.from('{"v":2}'), /format version is 2/)
  })
})
