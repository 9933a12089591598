/** Records on their way into a batch: refused when they break the limits of the format, else encoded. */
import type { Batch } from './batch'
import { bodyRoom } from './codec'
import type { EntryChange, NewRecord } from './contract'
import { InvalidRecordError } from './errors'
import { maxBodyBytes, maxGroupBytes, recordBytes, recordFlag, role } from './format'

export function put(
  batch: Batch,
  fields: { role: number; flags: number; sequence: number; origin?: number },
  record: NewRecord,
): void {
  batch.put({
    role: fields.role,
    type: record.type,
    flags: fields.flags,
    count: record.count,
    sequence: fields.sequence,
    time: record.time,
    origin: fields.origin ?? 0,
    body: record.body,
  })
}

/** A group: after a crash all of its records are there, or none. */
export function putGroup(
  batch: Batch,
  records: readonly NewRecord[],
  sequences: readonly number[],
  changes: readonly EntryChange[],
): void {
  let left = changes.length + records.length
  const flags = (): number => (--left > 0 ? recordFlag.more : 0)
  for (const { sequence, record, settles } of changes)
    put(batch, { role: settles ? role.settle : role.note, flags: flags(), sequence }, record)
  for (const [i, record] of records.entries())
    put(batch, { role: role.add, flags: flags(), sequence: sequences[i]! }, record)
}

/** @throws InvalidRecordError */
export function refuseInvalid({ type, body }: NewRecord): void {
  if (!(type >= 1 && type <= 127))
    throw new InvalidRecordError({ field: 'type', expected: '1 to 127', given: type })
  const given = bodyRoom(body)
  if (given > maxBodyBytes)
    throw new InvalidRecordError({ field: 'body', expected: `at most ${maxBodyBytes} bytes`, given })
}

/** @throws InvalidRecordError */
export function refuseInvalidGroup(records: readonly NewRecord[], changes: readonly EntryChange[]): void {
  for (const record of records) refuseInvalid(record)
  for (const { record } of changes) refuseInvalid(record)
  if (groupBytes(records, changes, bodyRoom) <= maxGroupBytes) return
  const given = groupBytes(records, changes, (body) => Buffer.byteLength(body))
  if (given <= maxGroupBytes) return
  throw new InvalidRecordError({ field: 'group', expected: `at most ${maxGroupBytes} bytes`, given })
}

function groupBytes(
  records: readonly NewRecord[],
  changes: readonly EntryChange[],
  lengthOf: (body: NewRecord['body']) => number,
): number {
  let bytes = 0
  for (const { body } of records) bytes += recordBytes(lengthOf(body))
  for (const { record } of changes) bytes += recordBytes(lengthOf(record.body))
  return bytes
}
