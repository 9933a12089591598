import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { readEntries } from '../../src/wal/entries'
import { parseLogFolder } from '../../src/wal/folders'
import { replayLog } from '../../src/wal/replay'
import {
  LineKeeper,
  openTemporary,
  record,
  recoveredBy,
  recoverOnce,
  temporaryFolder,
  textOf,
  textsOf,
} from './support/temporary'

/** A log whose process was killed after these steps; answers its parent folder, its only segment and where data ends. */
async function killedLog(write: (log: Awaited<ReturnType<typeof openTemporary>>) => Promise<unknown>) {
  const alive = temporaryFolder()
  const log = await openTemporary(alive)
  await write(log)
  await log.flush()
  // A copy taken while it runs is what a kill leaves: no closing mark, zeros behind the data.
  const folder = temporaryFolder()
  cpSync(alive, folder, { recursive: true })
  await log.close()
  const file = join(folder, readdirSync(folder)[0]!, '0000000000000001.wal')
  const content = readFileSync(file)
  let end = content.length
  while (content[end - 1] === 0) end--
  return { folder, file, content, end }
}

describe('wal: a log cut at any byte of its last records', () => {
  it('keeps all before the cut, takes new entries, and reads everything back', async () => {
    const source = await killedLog(async (log) => {
      for (const text of ['one', 'two', 'three, the last but one', 'four, the last'])
        log.add(record(text), 'none')
    })
    const starts = [64, 112, 160, 224, 280]
    const texts = ['one', 'two', 'three, the last but one', 'four, the last']

    for (let cut = 150; cut <= source.end; cut += 3) {
      const folder = temporaryFolder()
      cpSync(source.folder, folder, { recursive: true })
      truncateSync(join(folder, readdirSync(folder)[0]!, '0000000000000001.wal'), cut)

      const log = await openTemporary(folder, { firstBytes: 4096 })
      const recovered = textsOf(await recoveredBy(log))
      await log.add(record('after'), 'sync').durable
      await log.close()

      // The last record ends with its body; the padding after it may be missing.
      const whole = texts.filter((text, i) => starts[i]! + 40 + text.length <= cut)
      assert.deepEqual(recovered, whole, `cut at ${cut}`)
      assert.deepEqual(textsOf(await recoverOnce(folder)), [...whole, 'after'], `cut at ${cut}, second boot`)
    }
  })

  it('notes the cut, once', async () => {
    const { folder, file, end } = await killedLog((log) => log.addAll([record('one')], 'sync').durable)
    truncateSync(file, end - 1)
    const [first, second] = [new LineKeeper(), new LineKeeper()]

    await recoverOnce(folder, { logger: first })
    await recoverOnce(folder, { logger: second })

    assert.deepEqual(
      first.lines.map(({ level, message }) => [level, message]),
      [['warn', 'Cut the unfinished write at the end of the log.']],
    )
    assert.deepEqual(second.lines, [])
  })
})

describe('wal: a bit that flips', () => {
  it('costs at most the record it is in, wherever it is', async () => {
    const texts = ['alpha', 'beta']
    const source = await killedLog(async (log) => {
      for (const text of texts) log.add(record(text), 'none')
      const settled = log.add(record('settled'), 'none').sequence
      log.note(1, record('a note'), 'none')
      log.settle(settled, record(''), 'none')
    })
    const recordStarts = [64, 112, 160, 208, 256, 296]
    const silent = new LineKeeper()
    const log = parseLogFolder(source.folder, readdirSync(source.folder)[0]!)!
    const content = Buffer.from(source.content.subarray(0, 296))

    for (let bit = 0; bit < 296 * 8; bit++) {
      content[bit >> 3]! ^= 1 << (bit & 7)
      writeFileSync(source.file, content)
      content[bit >> 3]! ^= 1 << (bit & 7)

      const replayed = await replayLog(log, { folder: source.folder, logger: silent }, () => false)
      const found = (await readEntries(replayed)).map(textOf)

      const hit = recordStarts.findIndex((start) => bit >> 3 < start) - 1
      const lost = texts.filter((text, i) => i === hit && !found.includes(text))
      assert.deepEqual(
        found.filter((text) => text !== 'settled'),
        texts.filter((text) => !lost.includes(text)),
        `bit ${bit}`,
      )
      // A settlement that is damaged brings its entry back; nothing else does.
      assert.equal(found.includes('settled') && hit !== 4, false, `bit ${bit}`)
    }
  })

  it('in the middle is reported, its bytes are kept aside, and that once', async () => {
    const { folder, file, content } = await killedLog(async (log) => {
      for (const text of ['alpha', 'beta', 'gamma']) log.add(record(text), 'none')
    })
    content[112 + 40]! ^= 1 // the "b" of beta
    writeFileSync(file, content)
    const [first, second] = [new LineKeeper(), new LineKeeper()]

    const entries = await recoverOnce(folder, { logger: first })
    assert.deepEqual(textsOf(await recoverOnce(folder, { logger: second })), ['alpha', 'gamma'])

    assert.deepEqual(textsOf(entries), ['alpha', 'gamma'])
    assert.deepEqual(first.codes(), ['RAGE_WAL_DAMAGED_RECORD'])
    assert.deepEqual(second.codes(), [])
    const [kept] = readdirSync(join(folder, 'quarantine'))
    assert.match(kept!, /^[0-9a-f]{32}-1-112\.bin$/)
    assert.deepEqual(readFileSync(join(folder, 'quarantine', kept!)), content.subarray(112, 160))
  })

  it('in the last record of a segment that is not the last is damage, not a torn write', async () => {
    const { folder, file, content, end } = await killedLog((log) => log.add(record('alpha'), 'sync').durable)
    const log = await openTemporary(folder)
    await log.add(record('beta'), 'sync').durable
    await log.close()
    content[end - 1]! ^= 1
    writeFileSync(file, content)
    const logger = new LineKeeper()

    assert.deepEqual(textsOf(await recoverOnce(folder, { logger })), ['beta'])

    assert.deepEqual(logger.codes(), ['RAGE_WAL_DAMAGED_RECORD'])
  })
})

describe('wal: a damaged stretch', () => {
  it('of zeros, of noise, of foreign records: what is after it is found', async () => {
    const { folder, file, content } = await killedLog(async (log) => {
      for (let i = 0; i < 40; i++) log.add(record(`entry ${i}`), 'none')
    })
    const foreign = await killedLog(async (log) => {
      for (let i = 0; i < 40; i++) log.add(record(`other ${i}`), 'none')
    })
    const replayed = []
    for (const stretch of [Buffer.alloc(480), Buffer.alloc(480, 0xa5), foreign.content.subarray(544, 1024)]) {
      stretch.copy(content, 544) // entries 10 to 19, of 48 bytes each
      writeFileSync(file, content)
      const log = parseLogFolder(folder, readdirSync(folder).find((name) => name !== 'quarantine')!)!
      const logger = new LineKeeper()
      replayed.push(await replayLog(log, { folder, logger }, () => false))
    }

    for (const { ledger, damages } of replayed) {
      assert.equal(ledger.size, 30)
      assert.equal(damages, 1)
    }
  })
})

describe('wal: a group', () => {
  it('is recovered whole or not at all, wherever it was cut', async () => {
    const source = await killedLog(async (log) => {
      log.add(record('before'), 'none')
      log.addAll([record('a'), record('b'), record('c')], 'none')
    })
    const log = parseLogFolder(source.folder, readdirSync(source.folder)[0]!)!

    for (let cut = 112; cut < source.end; cut++) {
      writeFileSync(source.file, source.content.subarray(0, cut))
      const replayed = await replayLog(log, { folder: source.folder, logger: new LineKeeper() }, () => false)
      assert.deepEqual((await readEntries(replayed)).map(textOf), ['before'], `cut at ${cut}`)
    }
    writeFileSync(source.file, source.content.subarray(0, source.end))
    assert.deepEqual(textsOf(await recoverOnce(source.folder)), ['before', 'a', 'b', 'c'])
  })

  it('settles and notes upon entries that are there, together with what it adds or not at all', async () => {
    const source = await killedLog(async (log) => {
      const { sequence: ended } = log.add(record('ended'), 'none')
      const { sequence: noted } = log.add(record('noted'), 'none')
      log.addAll([record('next')], 'none', [
        { sequence: ended, record: record(''), settles: true },
        { sequence: noted, record: record('n'), settles: false },
      ])
    })
    const log = parseLogFolder(source.folder, readdirSync(source.folder)[0]!)!

    for (let cut = 160; cut < source.end; cut++) {
      writeFileSync(source.file, source.content.subarray(0, cut))
      const replayed = await replayLog(log, { folder: source.folder, logger: new LineKeeper() }, () => false)
      const entries = await readEntries(replayed)
      assert.deepEqual([...entries.map(textOf), entries[1]!.note], ['ended', 'noted', null], `cut at ${cut}`)
    }
    writeFileSync(source.file, source.content.subarray(0, source.end))
    const entries = await recoverOnce(source.folder)
    assert.deepEqual(textsOf(entries), ['noted', 'next'])
    assert.equal(Buffer.from(entries[0]!.note!.body).toString(), 'n')
  })

  it('keeps its other members when its last one is damaged later, whatever was written behind it', async () => {
    for (const behind of ['a mark', 'a segment'] as const) {
      const { folder, file } = await killedLog(
        (log) => log.addAll([record('a'), record('b'), record('the last')], 'sync').durable,
      )
      // The process that goes on with a log begins a segment, and ends each with a mark.
      await recoverOnce(folder)
      if (behind === 'a mark') {
        const log = await openTemporary(folder)
        await log.addAll([record('d'), record('e'), record('the last')], 'sync').durable
        await log.close()
      }
      const damaged = behind === 'a mark' ? file.replace('1.wal', '3.wal') : file
      const content = readFileSync(damaged)
      content[content.indexOf('the last')]! ^= 1
      writeFileSync(damaged, content)

      const texts = textsOf(await recoverOnce(folder))
      assert.deepEqual(texts, behind === 'a mark' ? ['a', 'b', 'the last', 'd', 'e'] : ['a', 'b'], behind)
    }
  })

  it('that was not finished is cut off, so that the next boot does not find it before a later segment', async () => {
    const { folder, file, content, end } = await killedLog(async (log) => {
      log.add(record('before'), 'none')
      log.addAll([record('a'), record('b'), record('c')], 'none')
    })
    writeFileSync(file, content.subarray(0, end - 48))

    assert.deepEqual(textsOf(await recoverOnce(folder)), ['before'])
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['before'])
  })

  it('keeps its other members when one of them is damaged later', async () => {
    const { folder, file, content } = await killedLog(async (log) => {
      log.addAll([record('a'), record('b'), record('c')], 'none')
    })
    content[112 + 40]! ^= 1
    writeFileSync(file, content)

    assert.deepEqual(textsOf(await recoverOnce(folder)), ['a', 'c'])
  })
})

describe('wal: a log of a newer version', () => {
  it('is left as it is and reported; boot goes on with another', async () => {
    const { folder, file } = await killedLog((log) => log.add(record('of the future'), 'sync').durable)
    const { crc32 } = await import('node:zlib')
    const content = readFileSync(file)
    content.writeUInt16LE(2, 8)
    content.writeUInt32LE(0, 12)
    content.writeUInt32LE(crc32(content.subarray(0, 64)), 12)
    writeFileSync(file, content)
    const logger = new LineKeeper()

    const log = await openTemporary(folder, { logger })
    await log.add(record('of today'), 'sync').durable
    await log.close()

    assert.deepEqual(logger.codes(), ['RAGE_WAL_NEWER_FORMAT'])
    assert.deepEqual(readFileSync(file), content)
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['of today'])
  })
})

describe('wal: what a crash during boot can leave', () => {
  it('an empty folder, an empty segment, a segment in the making: all are used or ignored', async () => {
    for (const leave of [
      () => {},
      (log: string) => writeFileSync(join(log, '0000000000000001.wal'), ''),
      (log: string) => writeFileSync(join(log, '0000000000000001.wal'), Buffer.alloc(4096)),
      (log: string) => writeFileSync(join(log, '0000000000000001.wal'), 'RAGEWAL\n'),
      (log: string) => writeFileSync(join(log, 'next'), Buffer.alloc(4096, 1)),
      (log: string) => writeFileSync(join(log, 'LOCK'), ''),
    ]) {
      const folder = temporaryFolder()
      const path = join(folder, `flock-${'ab'.repeat(16)}`)
      mkdirSync(path)
      leave(path)
      const logger = new LineKeeper()

      const log = await openTemporary(folder, { logger })
      await log.add(record('works'), 'sync').durable
      await log.close()

      assert.deepEqual(logger.codes(), [])
      assert.deepEqual(textsOf(await recoverOnce(folder)), ['works'])
    }
  })
})
