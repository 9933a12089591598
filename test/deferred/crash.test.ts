import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, it } from 'vitest'
import { allFaults, faultRounds } from './support/fault-rounds.mjs'
import { killRounds } from './support/kill-rounds.mjs'

const root = join(__dirname, '../..')

// The processes that are killed run the built package; this does nothing when it is fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

describe('deferred: a process that is killed again and again while it enqueues', () => {
  for (const durability of ['sync', 'interval'] as const) {
    it(`loses no job that was acknowledged (durability '${durability}')`, async () => {
      const { acknowledged, kills, lost, parked } = await killRounds({
        kills: 10,
        seconds: 15,
        durability,
        seed: 7,
      })

      assert.deepEqual([lost, parked], [[], 0])
      assert.ok(kills > 0 && acknowledged > 0)
    }, 60_000)
  }
})

describe('deferred: two processes on one folder, on a disk that fails, with clocks that jump', () => {
  it('lose no job that was acknowledged, run none before its time, fire no slot twice, and respect keys', async () => {
    const result = await faultRounds({ kills: 16, seconds: 25, seed: 4, faults: allFaults })

    const { lost, early, doubled, together, swallowed, parked } = result
    assert.deepEqual(
      { lost, early, doubled, together, swallowed, parked },
      { lost: [], early: [], doubled: [], together: [], swallowed: [], parked: 0 },
    )
    assert.ok(result.kills > 0 && result.acknowledged > 0 && result.duplicates > 0)
  }, 90_000)
})
