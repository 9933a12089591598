import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, it } from 'vitest'
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
