import assert from 'node:assert/strict'
import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { LineKeeper, openTemporary, record, temporaryFolder, textOf, textsOf } from './support/temporary'

describe('wal: entries read again', () => {
  it('come as their last records left them, in the order asked for', async () => {
    const log = await openTemporary(temporaryFolder())
    const [first, second, third] = ['first', 'second', 'third'].map((text) => log.add(record(text), 'sync'))
    await log.note(second!.sequence, record('old note'), 'write')
    await log.note(second!.sequence, record('note', { type: 3, count: 2 }), 'write')
    await log.settle(third!.sequence, record(''), 'write')

    const entries = await log.read([second!.sequence, third!.sequence, 4_711, first!.sequence])

    assert.deepEqual(textsOf(entries), ['second', 'first'])
    assert.deepEqual(entries[0]!.note, { type: 3, count: 2, time: 0, body: Buffer.from('note') })
    assert.equal(entries[1]!.note, null)
  })

  it('are found wherever tidying has moved them meanwhile', async () => {
    const log = await openTemporary(temporaryFolder(), {
      segmentBytes: 8_192,
      firstBytes: 8_192,
      compactAboveBytes: 16_384,
      compactFactor: 2,
    })
    const kept: number[] = []
    const rounds = Array.from({ length: 40 }, (_, index) => index)
    const busy = (async () => {
      for (const round of rounds) {
        const added = Array.from({ length: 40 }, (_, i) =>
          log.add(record(`${round} ${i}`.padEnd(100)), 'sync'),
        )
        await Promise.all(added.map(({ durable }) => durable))
        kept.push(added[0]!.sequence)
        await Promise.all(added.slice(1).map(({ sequence }) => log.settle(sequence, record(''), 'sync')))
      }
    })()
    let reads = 0
    while (kept.length < rounds.length) {
      const sequences = [...kept]
      const entries = await log.read(sequences)
      assert.deepEqual(
        entries.map(({ sequence }) => sequence),
        sequences,
      )
      reads += sequences.length
      await new Promise((turn) => setImmediate(turn))
    }
    await busy

    assert.deepEqual(
      (await log.read(kept)).map((entry) => textOf(entry).trim()),
      rounds.map((round) => `${round} 0`),
    )
    assert.ok(reads > 100)
  })

  it('are left out when they are damaged, and that is said', async () => {
    const folder = temporaryFolder()
    const logger = new LineKeeper()
    const log = await openTemporary(folder, { logger })
    const good = log.add(record('good'), 'sync')
    const bad = log.add(record('a bad one'), 'sync')
    await bad.durable
    const name = readdirSync(folder).find((entry) => entry.endsWith(log.id))!
    const segment = readdirSync(join(folder, name)).find((entry) => entry.endsWith('.wal'))!
    const path = join(folder, name, segment)
    writeSync(openSync(path, 'r+'), 'x', readFileSync(path).indexOf('a bad one'))

    assert.deepEqual(textsOf(await log.read([good.sequence, bad.sequence])), ['good'])
    assert.ok(logger.lines.some(({ level, message }) => level === 'error' && /cannot be read/.test(message)))
  })
})
