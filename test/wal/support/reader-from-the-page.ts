/**
 * Reads logs as migration-guide/wal.md says, and uses nothing of the package: what it reads differently is missing from the
 * page, or wrong there.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

export interface ReadRecord {
  readonly type: number
  readonly count: number
  readonly time: number
  readonly body: Buffer
}

export interface ReadEntry {
  readonly sequence: number
  readonly added: ReadRecord
  readonly note: ReadRecord | null
}

interface Found extends ReadRecord {
  readonly role: number
  readonly flags: number
  readonly sequence: number
}

/** Entries that are not settled, of all logs in the folder. */
export function readFolder(folder: string): ReadEntry[] {
  const ids = readdirSync(folder).flatMap((name) => {
    const id = /^(?:flock|ofd|lockfileex)-([0-9a-f]{32})$/.exec(name)?.[1]
    return id === undefined ? [] : [{ id, path: join(folder, name) }]
  })
  const logs = ids.map(({ id, path }) => ({
    id,
    ...readLog(id, path, (other) => ids.some((log) => log.id === other)),
  }))
  const adopted = new Set(logs.flatMap((log) => [...log.adopted]))
  return logs.filter(({ id }) => !adopted.has(id)).flatMap(({ entries }) => entries)
}

function readLog(id: string, path: string, isThere: (id: string) => boolean) {
  const entries = new Map<number, { added: ReadRecord; note: ReadRecord | null }>()
  const adopted = new Set<string>()
  let adopting: { readonly id: string | null; readonly sequences: number[] } | null = null
  const drop = (): void => {
    for (const sequence of adopting?.sequences ?? []) entries.delete(sequence)
    adopting = null
  }
  const apply = ({ role, type, flags, sequence, body, ...rest }: Found): void => {
    const record = { type, body, ...rest }
    if (role === 4) {
      const other = body.toString('hex')
      if (type === 129 || type === 131) drop()
      if (type === 129) adopting = { id: other, sequences: [] }
      if (type === 130) {
        adopted.add(other)
        adopting = null
      }
      return
    }
    const entry = entries.get(sequence)
    if (role === 1) entries.set(sequence, { added: record, note: entry?.note ?? null })
    if (role === 1 && (flags & 4) !== 0) adopting?.sequences.push(sequence)
    if (role === 2 && entry !== undefined) entry.note = record
    if (role === 3) entries.delete(sequence)
  }
  const segments = readdirSync(path)
    .filter((name) => /^\d{16}\.wal$/.test(name))
    .sort()
  for (const [index, name] of segments.entries()) {
    let group: Found[] = []
    for (const record of recordsOf(readFileSync(join(path, name)), saltOf(id, BigInt(name.slice(0, 16))))) {
      group.push(record)
      if ((record.flags & 1) !== 0) continue
      group.forEach(apply)
      group = []
    }
    if (index < segments.length - 1) group.forEach(apply)
  }
  const open = (adopting as { readonly id: string | null } | null)?.id ?? null
  if (open !== null && isThere(open)) drop()
  return { entries: [...entries].map(([sequence, entry]) => ({ sequence, ...entry })), adopted }
}

function saltOf(id: string, segment: bigint): number {
  const bytes = Buffer.alloc(24)
  bytes.write(id, 'hex')
  bytes.writeBigUInt64LE(segment, 16)
  return crc32(bytes)
}

function recordsOf(segment: Buffer, salt: number): Found[] {
  const records: Found[] = []
  for (let at = 64; at + 40 <= segment.length; ) {
    const length = segment.readUInt32LE(at + 4)
    const [role, type, flags, zero] = segment.subarray(at + 8, at + 12) as unknown as [
      number,
      number,
      number,
      number,
    ]
    const end = at + 40 + length
    const isGood =
      role >= 1 &&
      role <= 4 &&
      flags <= 7 &&
      zero === 0 &&
      end <= segment.length &&
      crc32(segment.subarray(at + 4, end), salt) === segment.readUInt32LE(at)
    if (!isGood) {
      at += 8
      continue
    }
    records.push({
      role,
      type,
      flags,
      count: segment.readUInt32LE(at + 12),
      sequence: segment.readDoubleLE(at + 16),
      time: segment.readDoubleLE(at + 24),
      body: segment.subarray(at + 40, end),
    })
    at = Math.ceil(end / 8) * 8
  }
  return records
}

/** The parts of a job's body. */
export function readJob({ body }: ReadRecord): {
  readonly header: Record<string, unknown>
  readonly args: string
} {
  const newline = body.indexOf('\n')
  return { header: JSON.parse(body.toString('utf8', 0, newline)), args: body.toString('utf8', newline + 1) }
}
