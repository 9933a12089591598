import assert from 'node:assert/strict'
import { writeSync } from 'node:fs'
import { describe, it } from 'vitest'
import type { CommitTask, Committer } from '../../src/wal/commit'
import { openTemporary, record, temporaryFolder } from './support/temporary'

/** The fastest of all disks: it answers within the turn of the event loop that asks. */
class InstantCommitter implements Committer {
  readonly waiting = 0
  readonly lastSyncMs = 0

  async commit({ file, bytes, position, written }: CommitTask): Promise<void> {
    writeSync(file, bytes, 0, bytes.length, position)
    written?.()
  }

  async renewed(): Promise<Committer> {
    return this
  }

  async close(): Promise<void> {}
}

describe('wal: the turn of the event loop', () => {
  it('ends, however fast the disk answers and callers go on', async () => {
    const log = await openTemporary(temporaryFolder(), {
      committer: new InstantCommitter(),
      segmentBytes: 16 * 1024 * 1024,
      firstBytes: 16 * 1024 * 1024,
    })
    const total = 100_000
    let acknowledged = 0
    let before = 0
    let longest = 0
    const turn = (): void => {
      longest = Math.max(longest, acknowledged - before)
      before = acknowledged
      if (acknowledged < total) setImmediate(turn)
    }
    const caller = async (): Promise<void> => {
      while (acknowledged < total) {
        await log.add(record('x'), 'sync').durable
        acknowledged += 1
      }
    }
    setImmediate(turn)
    await Promise.all(Array.from({ length: 64 }, caller))

    assert.ok(longest < total / 4, `${longest} of ${total} were answered before anything else came by`)
  })
})
