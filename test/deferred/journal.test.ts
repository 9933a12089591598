import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { JobIds } from '../../src/deferred/job-ids'
import { Journal } from '../../src/deferred/journal'
import { LogWriteError, StorageFullError } from '../../src/wal'
import { MemoryDisk, MemoryLog } from './support/memory-log'

/** A journal on a log that refuses everything. */
function refusedWith(error: Error): Journal {
  const log = new MemoryLog(new MemoryDisk(), 'log')
  log.fail('full', '')
  log.health = { state: 'full', reason: error }
  log.settle = () => Promise.reject(error)
  return new Journal(log, new JobIds(0), 'sync', () => undefined)
}

const full = new StorageFullError({ log: 'log', reason: 'no room' })
const failed = new LogWriteError({ log: 'log', reason: 'EIO' })
const change = { sequence: 1, record: { type: 6, count: 0, time: 0, body: Buffer.alloc(0) }, settles: true }

describe('deferred: what is written of jobs', () => {
  it('is as good as written where a full disk keeps it until it has room', async () => {
    const journal = refusedWith(full)

    await journal.discarded(1, null)
    assert.deepEqual(await journal.group([change], [], 'write'), [])
  })

  it('is not where a job was to follow, or the log has failed', async () => {
    const follower = { id: 'a:000000001', record: change.record, job: null }

    await assert.rejects(refusedWith(full).group([change], [follower], 'write'), full)
    await assert.rejects(refusedWith(failed).group([change], [], 'write'), failed)
    await assert.rejects(refusedWith(failed).discarded(1, null), failed)
  })
})
