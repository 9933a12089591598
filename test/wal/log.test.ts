import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { InvalidRecordError, LogClosedError } from '../../src/wal'
import {
  openTemporary,
  record,
  recoveredBy,
  recoverOnce,
  temporaryFolder,
  textsOf,
  WatchedCommitter,
} from './support/temporary'

describe('wal: group commit', () => {
  it('gives everything added in one turn the same write, sync and promise', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer })
    committer.tasks.length = 0

    const added = Array.from({ length: 50 }, (_, i) => log.add(record(`${i}`), 'sync'))
    await Promise.all(added.map(({ durable }) => durable))

    assert.deepEqual(committer.tasks, [{ bytes: 50 * 48, sync: true }])
    assert.equal(new Set(added.map(({ durable }) => durable)).size, 1)
    assert.deepEqual(
      added.map(({ sequence }) => sequence),
      Array.from({ length: 50 }, (_, i) => i + 1),
    )
  })

  it('gives everything added during a commit the next one', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer })
    committer.tasks.length = 0

    const first = log.add(record('first'), 'sync').durable
    await new Promise((turn) => setImmediate(turn))
    const later = Array.from({ length: 9 }, (_, i) => log.add(record(`${i}`), 'sync').durable)
    await Promise.all([first, ...later])

    assert.deepEqual(committer.tasks, [
      { bytes: 48, sync: true },
      { bytes: 9 * 48, sync: true },
    ])
  })

  it('needs one commit per round of callers who wait for each other', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer, firstBytes: 65_536 })
    committer.tasks.length = 0

    const caller = async () => {
      for (let i = 0; i < 10; i++) await log.add(record('x'), 'sync').durable
    }
    await Promise.all(Array.from({ length: 20 }, caller))

    assert.deepEqual(
      committer.tasks,
      Array.from({ length: 10 }, () => ({ bytes: 20 * 48, sync: true })),
    )
  })

  it('begins a commit in a long turn, once the disk would be done with another one', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer, firstBytes: 65_536 })
    committer.tasks.length = 0
    committer.lastSyncMs = 0

    const added = Array.from({ length: 20 }, () => log.add(record('x'), 'sync').durable)
    assert.deepEqual(committer.started.slice(-2), [8 * 48, 8 * 48])
    await Promise.all(added)

    assert.deepEqual(
      committer.tasks.map(({ bytes }) => bytes),
      [8 * 48, 8 * 48, 4 * 48],
    )
  })

  it('splits what is more than a batch, and keeps the order', async () => {
    const folder = temporaryFolder()
    const committer = new WatchedCommitter()
    const log = await openTemporary(folder, { committer, batchBytes: 480, firstBytes: 65_536 })
    committer.tasks.length = 0

    const added = Array.from({ length: 25 }, (_, i) => log.add(record(`${i}`), 'sync').durable)
    await Promise.all(added)
    await log.close()

    assert.deepEqual(
      committer.tasks.slice(0, 3).map(({ bytes }) => bytes),
      [480, 480, 240],
    )
    assert.deepEqual(
      textsOf(await recoverOnce(folder)),
      Array.from({ length: 25 }, (_, i) => `${i}`),
    )
  })
})

describe('wal: durability', () => {
  it('"write" resolves after the write, without a sync of its own', async () => {
    const committer = new WatchedCommitter()
    const folder = temporaryFolder()
    const log = await openTemporary(folder, { committer })
    committer.tasks.length = 0

    await log.add(record('written'), 'write').durable

    assert.deepEqual(committer.tasks, [{ bytes: 48, sync: false }])
    assert.ok(firstSegment(folder).includes('written'))
  })

  it('"write" is synced within half a second all the same', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer, syncMs: 10 })
    committer.tasks.length = 0
    const synced = new Promise<void>((resolve) => {
      committer.watch = ({ sync }) => sync && resolve()
    })

    await log.add(record('written'), 'write').durable
    await synced
    await log.flush()

    assert.deepEqual(committer.tasks, [
      { bytes: 48, sync: false },
      { bytes: 0, sync: true },
    ])
  })

  it('"write" is synced in time by a log that is never idle, too', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer, syncMs: 5, firstBytes: 65_536 })
    committer.tasks.length = 0

    for (const end = performance.now() + 60; performance.now() < end; )
      await log.add(record('x'), 'write').durable

    assert.ok(committer.syncs >= 2)
  })

  it('"none" resolves at once and is written soon, by itself', async () => {
    const committer = new WatchedCommitter()
    const folder = temporaryFolder()
    const log = await openTemporary(folder, { committer, riderMs: 5 })
    committer.tasks.length = 0
    const written = new Promise<void>((resolve) => {
      committer.watch = () => resolve()
    })

    await log.add(record('rider'), 'none').durable
    assert.deepEqual(committer.tasks, [])
    await written
    await log.flush()

    assert.deepEqual(committer.tasks[0], { bytes: 48, sync: false })
    assert.ok(firstSegment(folder).includes('rider'))
  })

  it('"none" rides along with the next commit', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer })
    committer.tasks.length = 0

    log.add(record('rider'), 'none')
    await log.add(record('horse'), 'sync').durable

    assert.deepEqual(committer.tasks, [{ bytes: 96, sync: true }])
  })

  it('flush() syncs what was accepted, and does nothing when there is nothing', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer })
    committer.tasks.length = 0

    log.add(record('rider'), 'none')
    await log.flush()
    await log.flush()

    assert.deepEqual(committer.tasks, [{ bytes: 48, sync: true }])
  })
})

describe('wal: the entries of a log', () => {
  it('are found again with their last note, the settled ones are not', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    const kept = log.add(record('kept', { count: 7, time: 1_700_000_000_000 }), 'none').sequence
    const settled = log.add(record('settled'), 'none').sequence
    log.note(kept, record('first note', { type: 2 }), 'none')
    log.note(kept, record('last note', { type: 3, count: 2 }), 'none')
    log.settle(settled, record('', { type: 4 }), 'none')
    await log.close()

    assert.deepEqual(await recoverOnce(folder), [
      {
        sequence: kept,
        added: { type: 1, count: 7, time: 1_700_000_000_000, body: Buffer.from('kept') },
        note: { type: 3, count: 2, time: 0, body: Buffer.from('last note') },
      },
    ])
  })

  it('keep their sequences, and new ones are higher, across any number of boots', async () => {
    const folder = temporaryFolder()
    const seen: number[] = []
    for (let boot = 0; boot < 4; boot++) {
      const log = await openTemporary(folder)
      const { sequence, durable } = log.add(record(`boot ${boot}`), 'sync')
      await durable
      log.settle(log.add(record('passing'), 'none').sequence, record(''), 'none')
      seen.push(sequence)
      await log.close()
    }

    const entries = await recoverOnce(folder)

    assert.deepEqual(
      entries.map(({ sequence }) => sequence),
      seen,
    )
    assert.deepEqual(seen, [1, 3, 5, 7])
  })

  it('are handed over once', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    await log.add(record('one'), 'sync').durable
    await log.close()

    const again = await openTemporary(folder)

    assert.equal((await recoveredBy(again)).length, 1)
    assert.equal((await recoveredBy(again)).length, 0)
  })

  it('are handed over with what is noted meanwhile', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    const { sequences, durable } = log.addAll(
      Array.from({ length: 8_000 }, (_, index) => record(`${index}`)),
      'sync',
    )
    await durable
    await log.close()
    const again = await openTemporary(folder)
    const notes = new Map<number, string | null>()

    // Parts have 2,000 entries: each note is on an entry of the next part.
    for await (const part of again.recovered) {
      for (const { sequence, note } of part)
        if (note !== null) notes.set(sequence, Buffer.from(note.body).toString())
      const next = sequences[part.at(-1)?.sequence ?? 0] ?? 0
      if (part.length > 0 && next > 0) await again.note(next + 10, record(`on ${next + 10}`), 'sync')
    }

    assert.deepEqual(
      [...notes],
      [
        [2_011, 'on 2011'],
        [4_011, 'on 4011'],
        [6_011, 'on 6011'],
      ],
    )
  })

  it('of one addAll() are all there', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    const { sequences, durable } = log.addAll([record('a'), record('b'), record('c')], 'sync')
    await durable
    await log.addAll([], 'sync').durable
    await log.close()

    assert.deepEqual(sequences, [1, 2, 3])
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['a', 'b', 'c'])
  })

  it('may be larger than a segment', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder, { segmentBytes: 4096 })
    const large = 'x'.repeat(100_000)
    await log.add(record('before'), 'sync').durable
    await log.add(record(large), 'sync').durable
    await log.add(record('after'), 'sync').durable
    await log.close()

    assert.deepEqual(textsOf(await recoverOnce(folder, { segmentBytes: 4096 })), ['before', large, 'after'])
  })

  it('have a type of 1 to 127 and at most 64 MiB', async () => {
    const log = await openTemporary(temporaryFolder())

    for (const type of [0, 128, Number.NaN])
      assert.throws(() => log.add(record('', { type }), 'sync'), InvalidRecordError)
    const body = new Uint8Array(64 * 1024 * 1024 + 1)
    assert.throws(() => log.add(record('', { body }), 'sync'), InvalidRecordError)
    assert.throws(() => log.addAll([record(''), record('', { body })], 'sync'), InvalidRecordError)
    const large = record('', { body: body.subarray(1) })
    assert.throws(() => log.addAll([large, large, large, large], 'sync'), InvalidRecordError)
  })
})

describe('wal: close()', () => {
  it('writes what still waits, and is one promise for all', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    const { durable } = log.add(record('last'), 'sync')
    log.add(record('rider'), 'none')

    const [first, second] = [log.close(), log.close()]
    await Promise.all([first, second, durable])

    assert.equal(first, second)
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['last', 'rider'])
  })

  it('refuses everything after it', async () => {
    const log = await openTemporary(temporaryFolder())
    await log.close()

    await assert.rejects(log.add(record(''), 'sync').durable, LogClosedError)
    await assert.rejects(log.addAll([record('')], 'none').durable, LogClosedError)
    await assert.rejects(log.note(1, record(''), 'none'), LogClosedError)
    await assert.rejects(log.settle(1, record(''), 'none'), LogClosedError)
    await assert.rejects(log.flush(), LogClosedError)
  })

  it('leaves no timer behind', async () => {
    const log = await openTemporary(temporaryFolder())
    log.add(record('rider'), 'none')
    await log.close()

    assert.deepEqual(
      process.getActiveResourcesInfo().filter((kind) => kind === 'Immediate'),
      [],
    )
  })
})

describe('wal: an idle log', () => {
  it('does nothing', async () => {
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer, riderMs: 1, syncMs: 1, roomRetryMs: 1 })
    await log.add(record('x'), 'sync').durable
    committer.tasks.length = 0

    await new Promise((later) => setTimeout(later, 20))

    assert.deepEqual(committer.tasks, [])
  })

  it('commits outside the context of who asked for it', async () => {
    const requests = new AsyncLocalStorage<string>()
    const committer = new WatchedCommitter()
    const log = await openTemporary(temporaryFolder(), { committer })
    const seen: (string | undefined)[] = []
    committer.watch = () => seen.push(requests.getStore())

    await requests.run('a request', () => log.add(record('x'), 'sync').durable)

    assert.deepEqual(seen, [undefined])
  })
})

function firstSegment(folder: string): Buffer {
  const [name] = readdirSync(folder)
  return readFileSync(join(folder, name!, '0000000000000001.wal'))
}
