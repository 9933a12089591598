/** A file system that is really full: a tmpfs of two megabytes, where one can be mounted. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { type EntryLog, StorageFullError } from '../../src/wal'
import { openTemporary, record, recoverOnce, temporaryFolder, textsOf } from './support/temporary'

function mounted(): string | null {
  const folder = temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return null
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder])
  })
  return folder
}

describe('wal: a disk that is full', () => {
  it('refuses entries within 10 ms, takes settlements, and goes on once there is room (skipped where nothing can be mounted)', async (context) => {
    const folder = mounted()
    if (folder === null) return context.skip()
    const log = await openTemporary(folder, { segmentBytes: 262_144, firstBytes: 65_536, roomRetryMs: 20 })
    const first = log.add(record('first'), 'sync')
    await first.durable
    writeFileSync(join(folder, 'filler'), '')
    try {
      writeFileSync(join(folder, 'filler'), Buffer.alloc(4 * 1024 * 1024))
    } catch {
      // That was the point.
    }
    const added: string[] = []
    let refusal: unknown = null
    for (let n = 0; refusal === null; n++) {
      await log.add(record(`${n} ${'x'.repeat(2_000)}`), 'sync').durable.then(
        () => added.push(String(n)),
        (error: unknown) => {
          refusal = error
        },
      )
    }
    // The quickest of some: other processes share the machine with this test.
    let quickestMs = Number.POSITIVE_INFINITY
    for (let n = 0; n < 10; n++) {
      const startedAt = performance.now()
      await assert.rejects(log.add(record('refused'), 'sync').durable, StorageFullError)
      quickestMs = Math.min(quickestMs, performance.now() - startedAt)
    }

    assert.ok(refusal instanceof StorageFullError)
    assert.ok(quickestMs < 10, `${quickestMs} ms`)
    await log.settle(first.sequence, record(''), 'sync')
    rmSync(join(folder, 'filler'))
    while (log.health.state !== 'ok') await new Promise((resolve) => setTimeout(resolve, 10))
    await log.add(record('after'), 'sync').durable
    await log.close()
    const texts = textsOf(await recoverOnce(folder))
    assert.equal(texts.length, added.length + 1)
    assert.equal(texts.at(-1), 'after')
  }, 20_000)

  it('refuses the first entry that it has no room for within 10 ms too (skipped where nothing can be mounted)', async (context) => {
    const folder = mounted()
    if (folder === null) return context.skip()
    const log = await openTemporary(folder, {
      segmentBytes: 1_048_576,
      firstBytes: 262_144,
      roomRetryMs: 10,
    })
    const large = 'x'.repeat(20_000)
    // The quickest of some: other processes share the machine with this test.
    let quickestMs = Number.POSITIVE_INFINITY
    for (let round = 0; round < 4; round++) {
      try {
        writeFileSync(join(folder, 'filler'), Buffer.alloc(4 * 1024 * 1024))
      } catch {
        // As far as it goes.
      }
      // Settled only afterwards: else segments become free as fast as they fill.
      const open: number[] = []
      for (let isFull = false; !isFull; ) {
        const startedAt = performance.now()
        const { sequence, durable } = log.add(record(large), 'sync')
        await durable.then(
          () => open.push(sequence),
          (error: unknown) => {
            assert.ok(error instanceof StorageFullError)
            quickestMs = Math.min(quickestMs, performance.now() - startedAt)
            isFull = true
          },
        )
      }
      rmSync(join(folder, 'filler'))
      while (stateOf(log) !== 'ok') await new Promise((resolve) => setTimeout(resolve, 5))
      for (const sequence of open) await log.settle(sequence, record(''), 'sync')
    }

    assert.ok(quickestMs < 10, `${quickestMs} ms`)
  }, 20_000)
})

function stateOf({ health }: EntryLog): string {
  return health.state
}
