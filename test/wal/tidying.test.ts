import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import type { CommitTask } from '../../src/wal/commit'
import {
  LineKeeper,
  openTemporary,
  record,
  recoveredBy,
  recoverOnce,
  temporaryFolder,
  textsOf,
  WatchedCommitter,
} from './support/temporary'

const small = { segmentBytes: 16_384, firstBytes: 16_384 }

function segments(folder: string): string[] {
  const [log] = readdirSync(folder).filter((name) => name !== 'quarantine')
  return readdirSync(join(folder, log!)).filter((name) => name.endsWith('.wal'))
}

function bytesIn(folder: string): number {
  const [log] = readdirSync(folder).filter((name) => name !== 'quarantine')
  return segments(folder).reduce((sum, name) => sum + statSync(join(folder, log!, name)).size, 0)
}

/** Takes 20 ms more for each task. */
class SlowCommitter extends WatchedCommitter {
  /** Records that were given, done or not. */
  recordBytes = 0

  override async commit(task: CommitTask): Promise<void> {
    if (task.salt !== null) this.recordBytes += task.bytes.length
    await new Promise((later) => setTimeout(later, 20))
    await super.commit(task)
  }
}

describe('wal: segments whose entries are settled', () => {
  it('are deleted while the log runs', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder, small)
    for (let i = 0; i < 2000; i++) {
      const { sequence, durable } = log.add(record('x'.repeat(150)), 'none')
      await durable
      await log.settle(sequence, record(''), i % 50 === 0 ? 'write' : 'none')
    }
    await log.flush()
    await log.flush()

    assert.ok(segments(folder).length <= 3, segments(folder).join())
  })

  it('are deleted at the next boot, which otherwise would leave one behind each time', async () => {
    const folder = temporaryFolder()
    for (let boot = 0; boot < 6; boot++) {
      const log = await openTemporary(folder, small)
      log.settle(log.add(record('x'), 'none').sequence, record(''), 'none')
      await log.flush()
      await log.close()
    }

    assert.ok(segments(folder).length <= 2, segments(folder).join())
  })
})

describe('wal: compaction', () => {
  it('keeps the folder small under load while a few entries live on', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder, { ...small, compactAboveBytes: 65_536 })
    const kept: string[] = []
    let largest = 0
    const caller = async (name: number): Promise<void> => {
      for (let i = 0; i < 150; i++) {
        const text = `${name}-${i} ${'x'.repeat(150)}`
        const { sequence, durable } = log.add(record(text), 'write')
        await durable
        if (i % 50 === 0) {
          kept.push(text)
          log.note(sequence, record(`note on ${name}-${i}`), 'none')
        } else log.settle(sequence, record(''), 'none')
        largest = Math.max(largest, bytesIn(folder))
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, name) => caller(name)))
    await log.close()

    const entries = await recoverOnce(folder, small)

    assert.deepEqual(textsOf(entries).sort(), kept.sort())
    for (const { added, note } of entries) {
      const [name] = Buffer.from(added.body).toString().split(' ')
      assert.equal(Buffer.from(note!.body).toString(), `note on ${name}`)
    }
    assert.ok(largest < 65_536 + 4 * 16_384, `${largest} bytes`)
  })

  it('never brings a settled entry back, nor an older note, whatever is done while it runs', async () => {
    const folder = temporaryFolder()
    const limits = { ...small, compactAboveBytes: 20_000, compactFactor: 0.1 }
    const log = await openTemporary(folder, limits)
    const live = new Map<number, number>()
    let random = 42
    const next = (below: number): number => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0
      return random % below
    }
    for (let step = 0; step < 6000; step++) {
      const sequences = [...live.keys()]
      const sequence = sequences[next(Math.max(1, sequences.length))]
      const choice = next(10)
      if (choice < 4 || sequence === undefined)
        live.set(log.add(record('x'.repeat(next(200))), 'none').sequence, 0)
      else if (choice < 7) {
        live.set(sequence, step)
        log.note(sequence, record('', { count: step }), 'none')
      } else {
        live.delete(sequence)
        log.settle(sequence, record(''), 'none')
      }
      if (step % 7 === 0) await new Promise((turn) => setImmediate(turn))
      if (step % 100 === 0) await log.flush()
    }
    await log.close()

    const entries = await recoverOnce(folder, limits)

    assert.deepEqual(
      entries.map(({ sequence, note }) => [sequence, note?.count ?? 0]),
      [...live].sort(([a], [b]) => a - b),
    )
  })

  it('has written what it copies before a boot hands the entries over', async () => {
    const folder = temporaryFolder()
    const limits = { ...small, compactAboveBytes: 20_000, compactFactor: 0.1 }
    const first = await openTemporary(folder, small)
    const texts = Array.from({ length: 400 }, (_, n) => `${n} ${'x'.repeat(150)}`)
    for (const text of texts) await first.add(record(text), 'none').durable
    await first.close()

    const committer = new SlowCommitter()
    const log = await openTemporary(folder, { ...limits, committer })
    while (committer.recordBytes < 1_000) await new Promise((turn) => setImmediate(turn))
    const entries = await recoveredBy(log)

    assert.deepEqual(textsOf(entries), texts)
  })

  it('keeps aside what it cannot read, gives that up, and goes on', async () => {
    const folder = temporaryFolder()
    const logger = new LineKeeper()
    const log = await openTemporary(folder, { ...small, compactAboveBytes: 40_000, logger })
    await log.add(record('damaged later'), 'sync').durable
    const { sequence, durable } = log.add(record('kept'), 'sync')
    await durable
    const file = join(folder, readdirSync(folder)[0]!, '0000000000000001.wal')
    const content = readFileSync(file)
    content[64 + 40]! ^= 1
    writeFileSync(file, content)

    for (let i = 0; i < 400; i++) {
      const passing = log.add(record('x'.repeat(150)), 'none').sequence
      await log.settle(passing, record(''), i % 20 === 0 ? 'write' : 'none')
    }
    await log.flush()
    await log.close()

    assert.deepEqual(logger.codes(), ['RAGE_WAL_DAMAGED_RECORD'])
    assert.equal(readdirSync(join(folder, 'quarantine')).length, 1)
    const entries = await recoverOnce(folder, small)
    assert.deepEqual(textsOf(entries), ['kept'])
    assert.equal(entries[0]!.sequence, sequence)
  })
})
