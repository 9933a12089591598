import assert from 'node:assert'
import { describe, it } from 'vitest'
import { PoolCommitter } from '../../src/wal/commit'
import { ThreadCommitter } from '../../src/wal/commit-thread'
import { openLogWith } from '../../src/wal/open'
import { addSyncTime, createSyncTimes, syncBounds, syncStats } from '../../src/wal/sync-times'
import { temporaryFolder } from '../runtime/support/runtimes'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const record = { type: 1, count: 0, time: 0, body: 'hello' }

describe('sync times', () => {
  it('are counted in the first bucket whose bound they do not exceed', () => {
    const times = createSyncTimes()

    for (const seconds of [0.0001, 0.0002, 0.5, 2]) addSyncTime(times, syncBounds, seconds)
    const { bounds, counts, count, sum } = syncStats(times)

    assert.equal(counts.length, bounds.length + 1)
    assert.deepEqual(
      counts.flatMap((n, index) => (n === 0 ? [] : [[bounds[index] ?? 'above', n]])),
      [
        [0.0001, 1],
        [0.00025, 1],
        [1, 1],
        ['above', 1],
      ],
    )
    assert.equal(count, 4)
    assert.equal(sum.toFixed(4), '2.5003')
  })

  it.each([
    ['a thread', () => ThreadCommitter.start()],
    ['the pool', () => Promise.resolve(new PoolCommitter())],
  ] as const)('are kept by %s: one for each sync, as long as the disk took', async (_name, start) => {
    const committer = await start()
    const log = await openLogWith({ folder: temporaryFolder(), logger: silent }, { committer })
    const before = log.stats.syncs

    const startedAt = performance.now()
    for (let n = 0; n < 5; n++) await log.add(record, 'sync').durable
    const tookSeconds = (performance.now() - startedAt) / 1_000
    const { syncs, commits, bytes, segments, isHealthy, damages } = log.stats
    await log.close()

    assert.equal(syncs.count - before.count, 5)
    assert.equal(
      syncs.counts.reduce((sum, n) => sum + n, 0),
      syncs.count,
    )
    assert.ok(syncs.sum > before.sum && syncs.sum - before.sum < tookSeconds)
    assert.ok(commits >= 5)
    assert.deepEqual(
      { bytes, segments, isHealthy, damages },
      { bytes: 1_048_576, segments: 1, isHealthy: true, damages: 0 },
    )
  })
})
