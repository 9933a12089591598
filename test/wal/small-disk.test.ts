/** A file system that is really full: a tmpfs of two megabytes, where one can be mounted. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { type EntryLog, StorageFullError } from '../../src/wal'
import {
  openTemporary,
  record,
  recoveredBy,
  recoverOnce,
  temporaryFolder,
  textsOf,
} from './support/temporary'

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

describe('wal: opening on a disk without any room', () => {
  const figures = { segmentBytes: 262_144, firstBytes: 65_536, roomRetryMs: 20 }

  /** A log with entries that fill its disk to the last byte, of a process that is gone. */
  async function filled(folder: string): Promise<void> {
    const log = await openTemporary(folder, figures)
    for (let isFull = false; !isFull; ) {
      await log.add(record('x'.repeat(20_000)), 'sync').durable.catch(() => {
        isFull = true
      })
    }
    await log.close()
    fill(folder)
  }

  it('hands over what is there, refuses entries, and has room again once enough is settled (skipped where nothing can be mounted)', async (context) => {
    const folder = mounted()
    if (folder === null) return context.skip()
    await filled(folder)

    const log = await openTemporary(folder, figures)
    const entries = await recoveredBy(log)
    const state = stateOf(log)
    const refusal = await log.add(record('refused'), 'sync').durable.catch((error: unknown) => error)
    for (const { sequence } of entries.slice(0, -1))
      await log.settle(sequence, record(''), 'sync').catch(() => null)
    while (stateOf(log) !== 'ok') await new Promise((resolve) => setTimeout(resolve, 5))
    await log.add(record('after'), 'sync').durable
    await log.close()

    assert.ok(entries.length > 20)
    assert.deepEqual([state, refusal instanceof StorageFullError], ['full', true])
    assert.deepEqual(textsOf(await recoverOnce(folder)), [textsOf(entries).at(-1), 'after'])
  }, 20_000)

  it('begins a log, which takes entries once there is room (skipped where nothing can be mounted)', async (context) => {
    const folder = mounted()
    if (folder === null) return context.skip()
    const { filler } = fill(folder)

    const log = await openTemporary(folder, figures)
    const state = stateOf(log)
    rmSync(filler)
    while (stateOf(log) !== 'ok') await new Promise((resolve) => setTimeout(resolve, 5))
    await log.add(record('after'), 'sync').durable
    await log.close()

    assert.equal(state, 'full')
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['after'])
  }, 20_000)

  it('leaves the logs of others until there is room for their entries (skipped where nothing can be mounted)', async (context) => {
    const folder = mounted()
    if (folder === null) return context.skip()
    const logs = [await openTemporary(folder, figures), await openTemporary(folder, figures)]
    for (const text of ['a', 'b']) await logs[0]!.add(record(text), 'sync').durable
    await logs[1]!.add(record('c'), 'sync').durable
    for (const log of logs) await log.close()
    const { filler } = fill(folder)

    const log = await openTemporary(folder, { ...figures, siblingMs: 10 })
    const own = textsOf(await recoveredBy(log))
    const adopted = new Promise<string[]>((resolve) => log.watch((entries) => resolve(textsOf(entries))))
    rmSync(filler)

    assert.deepEqual(own, ['a', 'b'])
    assert.deepEqual(await adopted, ['c'])
  }, 20_000)
})

/** To the last byte, also of what a boot would cut off the last segments. */
function fill(folder: string): { readonly filler: string } {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.wal')) continue
    const content = readFileSync(join(folder, name))
    const last = content.findLastIndex((byte) => byte !== 0)
    truncateSync(join(folder, name), Math.min(content.length, last + 64))
  }
  const filler = join(folder, 'filler')
  try {
    writeFileSync(filler, Buffer.alloc(4 * 1024 * 1024))
  } catch {
    // That was the point.
  }
  return { filler }
}

function stateOf({ health }: EntryLog): string {
  return health.state
}
