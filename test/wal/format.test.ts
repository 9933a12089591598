import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, it } from 'vitest'
import {
  Bytes,
  decodeSegmentHeader,
  encodeRecord,
  encodeSegmentHeader,
  isRecordAt,
  type RecordFields,
  readEntryRecord,
  saltOf,
  sealRecords,
} from '../../src/wal/codec'
import {
  markType,
  recordBytes,
  recordFlag,
  recordHeaderBytes,
  role,
  segmentFileName,
} from '../../src/wal/format'
import { readFolder } from './support/reader-from-the-page'
import { openTemporary, record, recoverOnce, temporaryFolder, textOf } from './support/temporary'

const logId = '000102030405060708090a0b0c0d0e0f'
const fixture = join(import.meta.dirname, 'fixtures', 'version-1.wal')

describe('wal: a segment header', () => {
  it('is these 64 bytes', () => {
    const bytes = encodeSegmentHeader({ segment: 7, logId, nextSequence: 3, createdAt: 1_700_000_000_000 })

    assert.equal(
      bytes.toString('hex'),
      [
        '5241474557414c0a', // RAGEWAL\n
        '0100' + '0000', // version, flags
        'b60d5977', // checksum
        '0700000000000000', // segment
        logId,
        '5fd6c106', // salt
        '00000000',
        '0000000000000840', // next sequence
        '00008056febc7842', // created at
      ].join(''),
    )
  })

  it('is refused when any bit of it differs', () => {
    const bytes = encodeSegmentHeader({ segment: 7, logId, nextSequence: 3, createdAt: 0 })
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)

      assert.equal(decodeSegmentHeader(flipped), null)
    }
  })

  it('has a salt of its own for every log and segment', () => {
    assert.notEqual(saltOf(logId, 1), saltOf(logId, 2))
    assert.notEqual(saltOf(logId, 1), saltOf(logId.replace('00', 'ff'), 1))
  })
})

describe('wal: a record', () => {
  const fields: RecordFields = {
    role: role.note,
    type: 5,
    flags: recordFlag.more,
    count: 3,
    sequence: 9,
    time: 1_700_000_000_000,
    origin: 2,
    body: Buffer.from('hello'),
  }

  it('is these 40 bytes, the body, and zeros to the next multiple of 8', () => {
    const target = new Bytes(Buffer.alloc(48, 0xee))
    const end = encodeRecord(target, 0, fields)
    seal(target.buffer, 0x01020304)

    assert.equal(end, 48)
    assert.equal(
      target.buffer.toString('hex'),
      [
        'da044979', // checksum
        '05000000', // length
        '02' + '05' + '01' + '00', // role, type, flags
        '03000000', // count
        '0000000000002240', // sequence
        '00008056febc7842', // time
        '0000000000000040', // origin
        '68656c6c6f' + '000000',
      ].join(''),
    )
  })

  it('is read back as it was written', () => {
    const target = new Bytes(Buffer.alloc(48))
    encodeRecord(target, 0, fields)
    seal(target.buffer, 1)

    assert.deepEqual(readEntryRecord(target, 0), {
      type: 5,
      count: 3,
      time: 1_700_000_000_000,
      body: Buffer.from('hello'),
    })
  })

  it('does not pass for a record of another segment', () => {
    const target = new Bytes(Buffer.alloc(48))
    encodeRecord(target, 0, fields)
    seal(target.buffer, saltOf(logId, 1))

    assert.equal(isRecordAt(target, 0, saltOf(logId, 1)), true)
    assert.equal(isRecordAt(target, 0, saltOf(logId, 2)), false)
  })

  it('takes 40 bytes without a body', () => {
    assert.equal(recordBytes(0), 40)
    assert.equal(recordBytes(1), 48)
    assert.equal(recordBytes(8), 48)
  })
})

describe('wal: a log of format version 1', () => {
  // To make the file again, which a change of the format must never need: RAGE_WRITE_FIXTURES=1.
  if (process.env.RAGE_WRITE_FIXTURES === '1') writeFileSync(fixture, version1())

  it('is written as it was when the version was fixed', () => {
    assert.deepEqual(version1(), readFileSync(fixture))
  })

  it('is read', async () => {
    const folder = temporaryFolder()
    const log = join(folder, `flock-${logId}`)
    mkdirSync(log)
    cpSync(fixture, join(log, segmentFileName(1)))

    const entries = await recoverOnce(folder)

    assert.deepEqual(entries.map(textOf), ['first', 'third', 'a', 'b', 'adopted'])
    assert.deepEqual(entries[0], {
      sequence: 1,
      added: { type: 1, count: 0, time: 0, body: Buffer.from('first') },
      note: { type: 2, count: 4, time: 1_700_000_000_000, body: Buffer.from('second try') },
    })
  })
})

describe('wal: a log, read as the page says', () => {
  it('has the entries that a boot recovers, version 1 and all', async () => {
    const folder = temporaryFolder()
    const log = join(folder, `flock-${logId}`)
    mkdirSync(log)
    cpSync(fixture, join(log, segmentFileName(1)))

    const read = readFolder(folder)

    assert.deepEqual(read, await recoverOnce(folder))
  })

  it('has them of several logs and segments, with groups, copies, an adoption, damage and a torn end', async () => {
    const folder = temporaryFolder()
    const first = await openTemporary(folder)
    for (let n = 0; n < 200; n++) {
      const { sequences, durable } = first.addAll([record(`a ${n}`), record('x'.repeat(500))], 'sync')
      await durable
      await first.note(sequences[0]!, record(`note ${n}`, { type: 3, count: n, time: n }), 'none')
      if (n % 3 === 0) await first.settle(sequences[1]!, record(''), 'none')
    }
    await first.close()
    const second = await openTemporary(folder)
    const third = await openTemporary(folder)
    await third.add(record('of the third'), 'sync').durable
    await second.close()
    await third.close()
    await (await openTemporary(folder)).close() // it adopts
    const torn = await openTemporary(folder)
    await torn.add(record('last'), 'sync').durable
    await torn.close()
    const segments = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /wal$/.test(name))
      .sort()
    const damaged = join(folder, segments[1]!)
    const bytes = readFileSync(damaged)
    bytes[20] = 0xff // its header
    bytes[64 + 50] = 0xff // its first record
    writeFileSync(damaged, bytes)
    const end = join(folder, segments.at(-1)!)
    writeFileSync(end, Buffer.concat([readFileSync(end), Buffer.alloc(44, 0xee)]))

    const read = readFolder(folder)

    assert.ok(segments.length > 3 && read.length > 300, `${segments.length} segments, ${read.length} entries`)
    assert.deepEqual(read, await recoverOnce(folder))
  })
})

/** Everything the format knows, in one segment. */
function version1(): Buffer {
  const target = new Bytes(Buffer.alloc(4096))
  encodeSegmentHeader({ segment: 1, logId, nextSequence: 1, createdAt: 1_700_000_000_000 }).copy(
    target.buffer,
  )
  const plain = { type: 1, flags: 0, count: 0, time: 0, origin: 0, sequence: 0, body: Buffer.alloc(0) }
  const other = Buffer.alloc(16, 0xab)
  const records: Partial<RecordFields>[] = [
    { role: role.add, sequence: 1, body: Buffer.from('first') },
    { role: role.add, sequence: 2, body: Buffer.from('settled') },
    { role: role.note, sequence: 1, type: 2, count: 1, body: Buffer.from('first try') },
    { role: role.settle, sequence: 2, type: 3 },
    { role: role.add, sequence: 3, flags: recordFlag.copied, body: Buffer.from('third') },
    {
      role: role.note,
      sequence: 1,
      type: 2,
      count: 4,
      time: 1_700_000_000_000,
      body: Buffer.from('second try'),
    },
    { role: role.add, sequence: 4, flags: recordFlag.more, body: Buffer.from('a') },
    { role: role.add, sequence: 5, body: Buffer.from('b') },
    { role: role.mark, type: markType.adopting, body: other },
    { role: role.add, sequence: 6, origin: 77, flags: recordFlag.adopted, body: Buffer.from('adopted') },
    { role: role.mark, type: markType.adopted, body: other },
    { role: role.add, sequence: 7, flags: recordFlag.more, body: Buffer.from('of a group without an end') },
  ]
  let offset = 64
  for (const fields of records) {
    const end = encodeRecord(target, offset, { ...plain, role: role.add, ...fields })
    offset = end
  }
  seal(target.buffer.subarray(64, offset), saltOf(logId, 1))
  return target.buffer.subarray(0, offset)
}

function seal(records: Uint8Array, salt: number): void {
  sealRecords(records, salt, recordHeaderBytes, crc32)
}
