import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'vitest'
import { type EntryLog, openLog, verifyLogs } from '../../src/wal'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A log with three entries. */
async function makeLog(): Promise<{ folder: string; log: EntryLog }> {
  const folder = mkdtempSync(join(tmpdir(), 'rage-verify-'))
  folders.push(folder)
  const log = await openLog({ folder, logger })
  for (const body of ['one', 'two', 'three'])
    await log.add({ type: 1, count: 0, time: 0, body }, 'sync').durable
  return { folder, log }
}

function segmentIn(folder: string): string {
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith('.wal'),
  )
  return join(folder, name!)
}

describe('verify: a log', () => {
  it('that a process owns is told from one that nobody owns', async () => {
    const { folder, log } = await makeLog()

    const [owned] = (await verifyLogs(folder)).logs
    await log.close()
    const [free] = (await verifyLogs(folder)).logs

    assert.deepEqual([owned!.isOwned, free!.isOwned], [true, false])
    // Its end is a record of its own.
    assert.deepEqual([owned!.records, free!.records], [3, 4])
    assert.deepEqual([owned!.log, free!.log], [log.id, log.id])
  })

  it('with an unfinished write at its end is not damaged', async () => {
    const { folder, log } = await makeLog()
    await log.close()
    appendFileSync(segmentIn(folder), Buffer.from('half a record'))

    const [report] = (await verifyLogs(folder)).logs

    assert.deepEqual([report!.records, report!.damages, report!.unfinishedBytes > 0], [4, 0, true])
  })

  it('with a flipped bit in a record that others follow is damaged there', async () => {
    const { folder, log } = await makeLog()
    await log.close()
    const file = segmentIn(folder)
    const bytes = readFileSync(file)
    bytes[bytes.indexOf('two')]! ^= 1
    writeFileSync(file, bytes)

    const before = readFileSync(file)
    const [report] = (await verifyLogs(folder)).logs

    assert.deepEqual([report!.records, report!.damages, report!.damagedBytes], [3, 1, 48])
    assert.deepEqual(readFileSync(file), before)
  })

  it('whose header is damaged is read all the same', async () => {
    const { folder, log } = await makeLog()
    await log.close()
    const file = segmentIn(folder)
    const bytes = readFileSync(file)
    bytes[20]! ^= 1
    writeFileSync(file, bytes)

    const [report] = (await verifyLogs(folder)).logs

    assert.deepEqual([report!.records, report!.damages], [4, 1])
  })

  it('counts what former boots have kept aside', async () => {
    const { folder, log } = await makeLog()
    await log.close()
    const file = segmentIn(folder)
    const bytes = readFileSync(file)
    bytes[bytes.indexOf('two')]! ^= 1
    writeFileSync(file, bytes)
    await (await openLog({ folder, logger })).close()

    assert.equal((await verifyLogs(folder)).quarantined, 1)
  })
})
