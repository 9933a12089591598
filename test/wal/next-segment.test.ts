import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, vi } from 'vitest'
import { PoolCommitter } from '../../src/wal/commit'
import { NextSegment } from '../../src/wal/next-segment'
import { openTemporary, record, temporaryFolder, WatchedCommitter } from './support/temporary'

const step = 128 * 1024

describe('wal: the next segment', () => {
  it('is made while the log rests, before it is needed', async () => {
    const folder = temporaryFolder()
    const filler = new WatchedCommitter()
    const log = await openTemporary(folder, { filler })
    const first = filler.tasks.length

    await log.add(record('x'.repeat(4_000)), 'sync').durable

    await vi.waitFor(() => assert.equal(filler.tasks.length, first + 2), { timeout: 5_000 })
  })

  it('is not made for a log with little in it', async () => {
    const folder = temporaryFolder()
    const filler = new WatchedCommitter()
    const log = await openTemporary(folder, { filler })
    const first = filler.tasks.length

    await log.add(record('x'.repeat(1_000)), 'sync').durable
    await new Promise((resolve) => setTimeout(resolve, 50))

    assert.equal(filler.tasks.length, first)
  })

  it('is written no further than allowed', async () => {
    const folder = temporaryFolder()
    const filler = new WatchedCommitter()
    const next = new NextSegment({ folder, logId: 'ab'.repeat(16), filler })
    next.begin({ number: 2, bytes: 8 * step, nextSequence: 5 })

    next.allow(0.3)
    await vi.waitFor(() => assert.equal(filler.tasks.length, 3))
    next.allow(-1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(filler.tasks.length, 3)

    const { made } = await next.take()
    assert.equal(made?.bytes, 8 * step)
    assert.equal(filler.tasks.length, 9) // eight steps and the header
    assert.equal(filler.syncs, 4) // three of those steps, and one for the rest, which somebody waited for
    const bytes = await readFile(made!.path)
    assert.equal(bytes.length, 8 * step)
    assert.equal(
      bytes.subarray(64).findIndex((byte) => byte !== 0),
      -1,
    )
    assert.equal(next.isBegun, false)
  })

  it('is refused at once where there is no room for it, and leaves what room there is', async () => {
    const folder = temporaryFolder()
    const filler = new WatchedCommitter()
    const next = new NextSegment({ folder, logId: 'ab'.repeat(16), filler })
    const plan = { number: 2, bytes: 2 ** 52, nextSequence: 5 }

    await assert.rejects(next.make(plan), { code: 'ENOSPC' })
    next.begin(plan)
    const { made, failure } = await next.take()

    assert.equal(made, null)
    assert.equal((failure as NodeJS.ErrnoException).code, 'ENOSPC')
    assert.deepEqual([filler.tasks.length, existsSync(join(folder, 'next'))], [0, false])
  })

  it('leaves nothing behind when it is given up half way', async () => {
    const folder = temporaryFolder()
    const next = new NextSegment({ folder, logId: 'ab'.repeat(16), filler: new PoolCommitter() })
    next.begin({ number: 2, bytes: 8 * step, nextSequence: 5 })
    next.allow(0.2)
    await vi.waitFor(() => assert.ok(existsSync(join(folder, 'next'))))

    await next.discard()

    assert.equal(existsSync(join(folder, 'next')), false)
  })

  it('takes a busy log through several segments', async () => {
    const log = await openTemporary(temporaryFolder(), { firstBytes: 512 * 1024, segmentBytes: 1024 * 1024 })
    const body = 'x'.repeat(2_000)

    for (let count = 0; count < 2_000; count++) await log.add(record(body), 'sync').durable

    assert.equal(log.health.state, 'ok')
    assert.equal((await log.read([1, 2_000])).length, 2)
  })
})
