import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { type EntryLog, LogWriteError, StorageFullError } from '../../src/wal'
import type { CommitTask } from '../../src/wal/commit'
import {
  LineKeeper,
  openTemporary,
  record,
  recoverOnce,
  systemError,
  temporaryFolder,
  textsOf,
  WatchedCommitter,
} from './support/temporary'

describe('wal: a write or sync that fails', () => {
  for (const syscall of ['write', 'fdatasync']) {
    it(`(${syscall}) rejects those who wait, and everything after it, for good`, async () => {
      const folder = temporaryFolder()
      const committer = new WatchedCommitter()
      const logger = new LineKeeper()
      const log = await openTemporary(folder, { committer, logger })
      await log.add(record('acknowledged'), 'sync').durable
      committer.fault = () => systemError('EIO', syscall)

      const waiting = [log.add(record('waits'), 'sync').durable, log.note(1, record(''), 'write')]
      const later = new Promise((turn) => setImmediate(turn)).then(
        () => log.add(record('later'), 'sync').durable,
      )
      for (const promise of [...waiting, later]) await assert.rejects(promise, LogWriteError)
      committer.fault = () => null

      await assert.rejects(
        log.add(record('after'), 'sync').durable,
        /RAGE_WAL_WRITE_FAILED: .* EIO: made by the test/,
      )
      await assert.rejects(log.addAll([record('after')], 'none').durable, LogWriteError)
      await assert.rejects(log.settle(1, record(''), 'none'), LogWriteError)
      await assert.rejects(log.flush(), LogWriteError)
      assert.equal(log.health.state, 'failed')
      assert.ok(log.health.reason instanceof LogWriteError)
      assert.deepEqual(logger.codes(), ['RAGE_WAL_WRITE_FAILED'])
      await log.close()
      assert.deepEqual(textsOf(await recoverOnce(folder)), ['acknowledged'])
    })
  }

  it('does not make unhandled rejections of promises nobody looks at', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown): number => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    onTestFinished(() => void process.off('unhandledRejection', listener))
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer })
    committer.fault = () => systemError('EIO', 'write')

    log.settle(1, record(''), 'sync')
    await assert.rejects(log.flush(), LogWriteError)
    log.note(1, record(''), 'none')
    await new Promise((later) => setTimeout(later, 5))

    assert.deepEqual(unhandled, [])
  })
})

describe('wal: a folder that goes away under an open log', () => {
  const goings: Record<string, (folder: string) => void> = {
    deleted: (folder) => rmSync(folder, { recursive: true }),
    moved: (folder) => renameSync(folder, `${folder}-moved`),
    'replaced by a copy': (folder) => {
      renameSync(folder, `${folder}-moved`)
      cpSync(`${folder}-moved`, folder, { recursive: true })
    },
  }
  for (const [name, go] of Object.entries(goings)) {
    it(`(${name}) takes the log with it: nothing is acknowledged that no boot would find`, async () => {
      const folder = join(temporaryFolder(), 'log')
      const log = await openTemporary(folder)
      await log.add(record('acknowledged'), 'sync').durable

      go(folder)
      await new Promise((resolve) => setTimeout(resolve, 25))

      await assert.rejects(log.add(record('to nowhere'), 'sync').durable, LogWriteError)
      assert.equal(log.health.state, 'failed')
    })
  }
})

describe('wal: a disk without room', () => {
  const isNewSegment = ({ position, bytes }: CommitTask): boolean => position === 0 && bytes.length > 64
  const one = 'x'.repeat(150)

  it('refuses entries, lets notes and settlements in, and takes entries again once there is room', async () => {
    const folder = temporaryFolder()
    const committer = new WatchedCommitter()
    const logger = new LineKeeper()
    const log = await openTemporary(folder, { committer, logger, firstBytes: 8192, roomRetryMs: 5 })
    committer.fault = (task) => (isNewSegment(task) ? systemError('ENOSPC', 'write') : null)
    const accepted: number[] = []
    const fillUp = async (): Promise<void> => {
      for (;;) {
        const { sequence, durable } = log.add(record(one), 'sync')
        await durable
        accepted.push(sequence)
      }
    }

    await assert.rejects(fillUp(), (error) => {
      assert.ok(error instanceof StorageFullError)
      assert.match(error.message, /RAGE_WAL_STORAGE_FULL: .* ENOSPC/)
      return true
    })
    assert.equal(log.health.state, 'full')
    await assert.rejects(log.add(record(one), 'sync').durable, StorageFullError)
    await log.note(accepted[1]!, record('noted while full'), 'sync')
    await log.settle(accepted[0]!, record(''), 'sync')
    const both = log.addAll([record('next')], 'sync', [
      { sequence: accepted[2]!, record: record(''), settles: true },
    ])
    await assert.rejects(both.durable, StorageFullError)
    committer.fault = () => null
    while (stateOf(log) !== 'ok') await new Promise((later) => setTimeout(later, 2))
    await log.add(record('after'), 'sync').durable
    await log.close()

    assert.deepEqual(logger.codes(), ['RAGE_WAL_STORAGE_FULL'])
    const entries = await recoverOnce(folder)
    assert.deepEqual(
      entries.slice(0, -1).map(({ sequence }) => sequence),
      accepted.slice(1),
    )
    assert.equal(Buffer.from(entries[0]!.note!.body).toString(), 'noted while full')
    assert.equal(textsOf(entries).at(-1), 'after')
  })

  it('takes a group that adds out of a batch as a whole: what it would have settled stays', async () => {
    const folder = temporaryFolder()
    const committer = new WatchedCommitter()
    const log = await openTemporary(folder, { committer, firstBytes: 8192, roomRetryMs: 60_000 })
    const { sequence: ended, durable } = log.add(record('ended'), 'sync')
    const { sequence: other } = log.add(record('other'), 'sync')
    await durable
    committer.fault = (task) => (isNewSegment(task) ? systemError('ENOSPC', 'write') : null)

    const group = log.addAll([record('x'.repeat(16_000))], 'sync', [
      { sequence: ended, record: record(''), settles: true },
    ])
    const settled = log.settle(other, record(''), 'sync')
    await assert.rejects(group.durable, StorageFullError)
    await settled
    await log.close()

    assert.deepEqual(textsOf(await recoverOnce(folder)), ['ended'])
  })

  it('writes the notes of a batch whose entries it refuses', async () => {
    const folder = temporaryFolder()
    const committer = new WatchedCommitter()
    const log = await openTemporary(folder, { committer, firstBytes: 8192 })
    committer.fault = (task) => (isNewSegment(task) ? systemError('ENOSPC', 'write') : null)
    await log.add(record('x'.repeat(3000)), 'sync').durable
    await log.add(record('x'.repeat(3000)), 'sync').durable

    const refused = [
      log.add(record('x'.repeat(2000)), 'sync').durable,
      log.addAll([record('y'), record('z')], 'write').durable,
    ]
    const settled = log.settle(1, record(''), 'sync')

    for (const promise of refused) await assert.rejects(promise, StorageFullError)
    await settled
    await log.close()
    assert.deepEqual(
      (await recoverOnce(folder)).map(({ sequence }) => sequence),
      [2],
    )
  })

  it('refuses notes too when the reserve is used up, and does not fail', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer, firstBytes: 8192 })
    committer.fault = (task) => (isNewSegment(task) ? systemError('ENOSPC', 'write') : null)
    const noteForever = async (): Promise<void> => {
      for (;;) await log.note(1, record(one), 'sync')
    }

    await assert.rejects(noteForever(), StorageFullError)

    assert.equal(log.health.state, 'full')
  })

  it('keeps notes that find no room, and writes them in their order once there is some', async () => {
    const folder = temporaryFolder()
    const committer = new WatchedCommitter()
    const log = await openTemporary(folder, { committer, firstBytes: 8192, roomRetryMs: 5 })
    const [ended, noted] = [log.add(record('ended'), 'sync'), log.add(record('noted'), 'sync')]
    await noted.durable
    committer.fault = (task) => (isNewSegment(task) ? systemError('ENOSPC', 'write') : null)
    const noteForever = async (): Promise<void> => {
      for (;;) await log.note(noted.sequence, record(one), 'sync')
    }
    await assert.rejects(noteForever(), StorageFullError)

    await assert.rejects(log.note(noted.sequence, record('x'.repeat(500)), 'sync'), StorageFullError)
    await assert.rejects(log.note(noted.sequence, record('last'), 'sync'), StorageFullError)
    await assert.rejects(log.settle(ended.sequence, record(''), 'sync'), StorageFullError)
    committer.fault = () => null
    while (stateOf(log) !== 'ok') await new Promise((later) => setTimeout(later, 2))
    await log.add(record('after'), 'sync').durable
    await log.close()

    const entries = await recoverOnce(folder)
    assert.deepEqual(textsOf(entries), ['noted', 'after'])
    assert.equal(Buffer.from(entries[0]!.note!.body).toString(), 'last')
  })

  it('keeps what found no room also when the log fails before there is some', async () => {
    const folder = temporaryFolder()
    const committer = new WatchedCommitter()
    const log = await openTemporary(folder, { committer, firstBytes: 8192, roomRetryMs: 5 })
    const ended = log.add(record('ended'), 'sync')
    await ended.durable
    committer.fault = (task) => (isNewSegment(task) ? systemError('ENOSPC', 'write') : null)
    await assert.rejects(log.add(record('x'.repeat(9_000)), 'sync').durable, StorageFullError)
    await assert.rejects(log.note(ended.sequence, record('x'.repeat(9_000)), 'sync'), StorageFullError)
    await assert.rejects(log.settle(ended.sequence, record(''), 'sync'), StorageFullError)

    committer.fault = (task) => (isNewSegment(task) ? null : systemError('EIO', 'write'))
    while (stateOf(log) !== 'failed') await new Promise((later) => setTimeout(later, 2))
    committer.fault = () => null
    await log.recover()
    await log.close()

    assert.deepEqual(await recoverOnce(folder), [])
  })

  it('is found out for real on a small file system', async ({ skip }) => {
    const folder = temporaryFolder()
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      return skip('mounting a tmpfs is not permitted here')
    }
    onTestFinished(() => void execFileSync('umount', ['-l', folder]))
    const log = await openTemporary(folder, { firstBytes: 65_536, segmentBytes: 65_536, roomRetryMs: 5 })
    const free = (): number => statfsSync(folder).bavail * statfsSync(folder).bsize
    const sequences: number[] = []
    const fillUp = async (): Promise<void> => {
      for (;;) {
        const { sequence, durable } = log.add(record(one), 'sync')
        await durable
        sequences.push(sequence)
      }
    }
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(70_000))

    await assert.rejects(fillUp(), StorageFullError)
    assert.ok(free() < 65_536)
    for (const sequence of sequences.slice(0, 5)) await log.settle(sequence, record(''), 'sync')
    assert.equal(log.health.state, 'full')
    rmSync(join(folder, 'ballast'))
    while (stateOf(log) !== 'ok') await new Promise((later) => setTimeout(later, 2))
    await log.add(record('after'), 'sync').durable
    await log.close()

    const recovered = await recoverOnce(folder, { segmentBytes: 4096, firstBytes: 4096 })
    assert.equal(recovered.length, sequences.length - 5 + 1)
    assert.equal(textsOf(recovered).at(-1), 'after')
  })
})

function stateOf({ health }: EntryLog): string {
  return health.state
}
