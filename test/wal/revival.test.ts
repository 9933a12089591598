import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { LogWriteError } from '../../src/wal'
import { PoolCommitter } from '../../src/wal/commit'
import { ThreadCommitter } from '../../src/wal/commit-thread'
import type { Log } from '../../src/wal/log'
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

interface World {
  readonly folder: string
  readonly committer: WatchedCommitter
  readonly logger: LineKeeper
  readonly log: Log
  /** From now on the disk fails, until `repair`. */
  breakDisk(): void
  repair(): void
}

async function world(): Promise<World> {
  const folder = temporaryFolder()
  const committer = new WatchedCommitter()
  const logger = new LineKeeper()
  const log = await openTemporary(folder, { committer, logger, filler: new PoolCommitter() })
  return {
    folder,
    committer,
    logger,
    log,
    breakDisk: () => {
      committer.fault = ({ sync }) => (sync ? systemError('EIO', 'fdatasync') : null)
    },
    repair: () => {
      committer.fault = () => null
    },
  }
}

async function add(log: Log, text: string): Promise<number> {
  const { sequence, durable } = log.add(record(text), 'sync')
  await durable
  return sequence
}

/** The log after a failure that somebody met. */
async function failed(): Promise<World & { readonly kept: number; readonly ended: number }> {
  const made = await world()
  const kept = await add(made.log, 'kept')
  const ended = await add(made.log, 'ends while the log has failed')
  made.breakDisk()
  await assert.rejects(add(made.log, 'refused'), LogWriteError)
  return { ...made, kept, ended }
}

function segmentFiles(folder: string): string[] {
  const [name] = readdirSync(folder)
  return readdirSync(join(folder, name!))
    .filter((file) => file.endsWith('.wal'))
    .map((file) => join(folder, name!, file))
}

describe('wal: a log that failed, once its disk is back', () => {
  it('takes entries again when it is told to, and not before', async () => {
    const { log, folder, repair } = await failed()
    repair()
    await assert.rejects(add(log, 'too early'), LogWriteError)

    await log.recover()
    await add(log, 'after')
    await log.close()

    assert.deepEqual(textsOf(await recoverOnce(folder)), ['kept', 'ends while the log has failed', 'after'])
  })

  it('goes on in a new segment, and never writes to the one that failed', async () => {
    const { log, folder, committer, repair } = await failed()
    const [old] = segmentFiles(folder)
    const before = readFileSync(old!)
    repair()
    const files: number[] = []
    committer.watch = ({ file }) => files.push(file)

    await log.recover()
    await add(log, 'after')

    assert.equal(segmentFiles(folder).length, 2)
    assert.equal(new Set(files).size, 1)
    const after = readFileSync(old!)
    assert.deepEqual(after, before.subarray(0, after.length))
  })

  it('copies what the failed segment held, so that its bytes are not needed any more', async () => {
    const { log, folder, repair } = await failed()
    repair()

    await log.recover()
    await log.close()
    const [old] = segmentFiles(folder)
    rmSync(old!)

    assert.deepEqual(textsOf(await recoverOnce(folder)), ['kept', 'ends while the log has failed'])
  })

  it('writes down what was settled and noted while it had failed', async () => {
    const { log, folder, kept, ended, repair } = await failed()
    await assert.rejects(log.settle(ended, record(''), 'none'), LogWriteError)
    await assert.rejects(log.note(kept, record('a note'), 'write'), LogWriteError)
    repair()

    await log.recover()
    await log.close()
    const entries = await recoverOnce(folder)

    assert.deepEqual(textsOf(entries), ['kept'])
    assert.equal(Buffer.from(entries[0]!.note!.body).toString(), 'a note')
  })

  it('does not bring back what was refused, although its bytes may have reached the disk', async () => {
    const { log, folder, committer, repair } = await failed()
    // The write went through and the sync failed: as the kernel has it, the record is there.
    assert.ok(committer.started.length > 0)
    repair()
    await log.recover()
    await log.close()

    assert.ok(!textsOf(await recoverOnce(folder)).includes('refused'))
  })

  it('keeps a note upon an entry of an older segment', async () => {
    const { log, folder, breakDisk, repair } = await world()
    const old = await add(log, 'old')
    await add(log, 'x'.repeat(20_000)) // the next segment
    await log.note(old, record('noted later'), 'sync')
    breakDisk()
    await assert.rejects(add(log, 'refused'), LogWriteError)
    repair()

    await log.recover()
    await log.close()
    const failedSegment = segmentFiles(folder)[1]
    rmSync(failedSegment!)
    const [entry] = await recoverOnce(folder)

    assert.equal(Buffer.from(entry!.note!.body).toString(), 'noted later')
  })

  it('keeps a group that changes one entry and adds another whole', async () => {
    const { log, folder, breakDisk, repair } = await world()
    const first = await add(log, 'first')
    breakDisk()
    const { durable } = log.addAll([record('second')], 'sync', [
      { sequence: first, record: record(''), settles: true },
    ])
    await assert.rejects(durable, LogWriteError)
    repair()

    await log.recover()
    await log.close()

    assert.deepEqual(textsOf(await recoverOnce(folder)), ['second'])
  })

  it('stays failed, and loses nothing, as long as the disk is not back', async () => {
    const { log, folder, ended, breakDisk, repair } = await failed()
    await assert.rejects(log.settle(ended, record(''), 'none'), LogWriteError)

    await assert.rejects(log.recover())
    assert.equal(log.health.state, 'failed')
    repair()
    await log.recover()
    breakDisk()
    await assert.rejects(add(log, 'refused again'), LogWriteError)
    repair()
    await log.recover()
    await add(log, 'after')
    await log.close()

    assert.deepEqual(textsOf(await recoverOnce(folder)), ['kept', 'after'])
  })

  it('answers all who ask at once, and does nothing when it has not failed', async () => {
    const { log, repair } = await failed()
    repair()

    await Promise.all([log.recover(), log.recover()])
    await log.recover()

    assert.equal(log.health.state, 'ok')
  })

  it('reports no damage at the next boot: the torn end of the failed segment was cut', async () => {
    const { log, folder, committer } = await world()
    await add(log, 'kept')
    committer.fault = () => systemError('EIO', 'write')
    await assert.rejects(add(log, 'refused'), LogWriteError)
    committer.fault = () => null

    await log.recover()
    await log.close()
    const logger = new LineKeeper()
    const entries = await recoverOnce(folder, { logger })

    assert.deepEqual(textsOf(entries), ['kept'])
    assert.deepEqual(logger.codes(), [])
  })

  it('copies no note whose write failed, which would be damage, and writes it down', async () => {
    const { log, folder, committer, repair } = await world()
    const sequence = await add(log, 'noted')
    committer.fault = () => systemError('ENOSPC', 'write')
    await assert.rejects(log.note(sequence, record('the note'), 'sync'), LogWriteError)
    repair()
    await log.recover()
    await log.close()
    const logger = new LineKeeper()

    const [entry] = await recoverOnce(folder, { logger })

    assert.equal(Buffer.from(entry!.note!.body).toString(), 'the note')
    assert.deepEqual(logger.codes(), [])
  })

  it('gets a new thread for its commits', async () => {
    const folder = temporaryFolder()
    const committer = await ThreadCommitter.start()
    const log = await openTemporary(folder, { committer, filler: new PoolCommitter() })
    await add(log, 'kept')
    // A file that was moved away: the thread meets it, and ends.
    const [file] = segmentFiles(folder)
    mkdirSync(join(folder, 'aside'))
    renameSync(file!, join(folder, 'aside', 'segment'))
    await new Promise((resolve) => setTimeout(resolve, 25))
    await assert.rejects(add(log, 'refused'), LogWriteError)
    renameSync(join(folder, 'aside', 'segment'), file!)

    await log.recover()
    await add(log, 'after')
    await log.close()

    assert.deepEqual(textsOf(await recoverOnce(folder)), ['kept', 'after'])
  })
})
