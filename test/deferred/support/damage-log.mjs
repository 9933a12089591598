/** Damages a log that nobody owns, as a power cut or a bad disk would. */
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

/**
 * `tornTail`: the beginning of a record behind the last one, as a write that was cut off leaves it. `flippedBit`: one
 * bit of one record.
 *
 * @returns ids of the jobs whose records cannot be read any more; `null` when there was nothing to damage.
 */
export function damageLog(folder, { fault, random, dist }) {
  const { Bytes, bodyAt, flagsAt, roleAt, saltOf } = require(`${dist}/wal/codec`)
  const { RecordCursor } = require(`${dist}/wal/record-cursor`)
  const logs = readdirSync(folder).filter((name) => /^\w+-[0-9a-f]{32}$/.test(name))
  if (logs.length === 0) return null
  const log = logs[Math.floor(random() * logs.length)]
  const segments = readdirSync(join(folder, log)).filter((name) => name.endsWith('.wal'))
  const name =
    fault === 'tornTail' ? segments.sort().at(-1) : segments[Math.floor(random() * segments.length)]
  if (name === undefined) return null
  const path = join(folder, log, name)
  const source = new Bytes(readFileSync(path))
  const cursor = new RecordCursor(source, saltOf(log.split('-')[1], Number.parseInt(name, 10)))
  const records = []
  while (cursor.next() === 'record') records.push({ offset: cursor.offset, end: cursor.end })
  if (records.length === 0) return null
  const victim = Math.floor(random() * records.length)
  const { offset, end } = records[victim]

  const file = openSync(path, 'r+')
  try {
    if (fault === 'tornTail') {
      const length = 1 + Math.floor(random() * (end - offset - 8))
      writeSync(file, source.buffer, offset, length, records.at(-1).end)
      return []
    }
    const position = offset + Math.floor(random() * (end - offset))
    writeSync(file, Buffer.of(source.buffer[position] ^ (1 << Math.floor(random() * 8))), 0, 1, position)
    return groupAround(records, victim, (at) => (flagsAt(source, at) & 1) !== 0)
      .filter(({ offset: at }) => roleAt(source, at) === 1)
      .map(({ offset: at }) => /"id":"([^"]+)"/.exec(bodyAt(source, at).toString())?.[1])
  } finally {
    closeSync(file)
  }
}

/** All or none of a group count. */
function groupAround(records, index, hasMore) {
  let first = index
  while (first > 0 && hasMore(records[first - 1].offset)) first -= 1
  let last = index
  while (last < records.length - 1 && hasMore(records[last].offset)) last += 1
  return records.slice(first, last + 1)
}
