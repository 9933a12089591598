import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { lookAtLogs } from '../../src/wal'
import {
  LineKeeper,
  openTemporary,
  record,
  recoveredBy,
  recoverOnce,
  temporaryFolder,
  textsOf,
} from './support/temporary'

function filesIn(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  const paths = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile())
  return new Map(paths.map((path) => [path, `${statSync(path).mtimeMs} ${readFileSync(path, 'hex')}`]))
}

async function look(folder: string, logger = new LineKeeper()): Promise<string[]> {
  return textsOf(await recoveredBy(await lookAtLogs({ folder, logger })))
}

describe('wal: looking at logs', () => {
  it('shows what a boot would recover, and changes no file', async () => {
    const folder = temporaryFolder()
    const logs = [await openTemporary(folder), await openTemporary(folder)]
    const settled = logs[0]!.add(record('settled'), 'none')
    for (const text of ['a', 'b']) await logs[0]!.add(record(text), 'sync').durable
    await logs[0]!.settle(settled.sequence, record(''), 'sync')
    await logs[1]!.add(record('c'), 'sync').durable
    for (const log of logs) await log.close()
    for (const path of filesIn(folder).keys()) if (path.endsWith('LOCK')) rmSync(path)
    const before = filesIn(folder)

    const seen = await look(folder)

    assert.deepEqual(seen, ['a', 'b', 'c'])
    assert.deepEqual(filesIn(folder), before)
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['a', 'b', 'c'])
  })

  it('leaves torn writes and damage for the next boot', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    for (const text of ['first', 'second']) await log.add(record(text), 'sync').durable
    await log.close()
    const segment = [...filesIn(folder).keys()].find((path) => path.endsWith('.wal'))!
    appendFileSync(segment, Buffer.alloc(24, 0xee))
    const before = filesIn(folder)

    const logger = new LineKeeper()
    const seen = await look(folder, logger)

    assert.deepEqual([seen, logger.lines], [['first', 'second'], []])
    assert.deepEqual(filesIn(folder), before)
  })

  it('tells which logs are owned, and by which user they were made', async () => {
    const folder = temporaryFolder()
    const log = await openTemporary(folder)
    const settings = { folder, logger: new LineKeeper() }

    const whileOpen = await lookAtLogs(settings)
    await log.close()
    const afterwards = await lookAtLogs(settings)

    const uid = process.geteuid?.() ?? 0
    assert.deepEqual(whileOpen.logs, [{ log: log.id, isOwned: true, uid }])
    assert.deepEqual(afterwards.logs, [{ log: log.id, isOwned: false, uid }])
  })
})
