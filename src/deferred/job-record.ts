/**
 * How a job is written to the log. The log frames and checks the records; this is what is in them.
 *
 *   type          count             time       body
 *   1 added       0                 runAt      <header JSON> "\n" <args JSON, or nothing>
 *   2 started     attempt           0          crashes: 1 byte, or nothing for 0
 *   3 retry       failed attempts   runAt      what the last attempt failed with, UTF-8
 *   4 released    failed attempts   0          crashes: 1 byte, or nothing for 0
 *   5 dead        failed attempts   diedAt     {"reason","error":{"name","message","stack"}}
 *   6 done        0                 0          nothing; settles the entry
 *
 * The header is {"v":1,"id","task","context"}; `context` is a Carrier. Header and arguments are apart so that
 * recovery need not parse arguments: JSON text never holds a bare newline, so the first one ends the header.
 *
 *   added ─► started ─► done
 *              │  ├───► retry ──► started ...
 *              │  └───► dead       kept unsettled until it is forgotten
 *              └──────► released   shutdown or crash: the attempt was not charged
 *
 * An entry found with `started` as its last note was running when the process died.
 */
import { type Carrier, encodeCarrier } from '../context'
import type { EntryRecord, NewRecord } from '../wal'
import type { Job } from './job'
import type { DeathReason } from './retry-policy'

export const recordTypes = { added: 1, started: 2, retry: 3, released: 4, dead: 5, done: 6 } as const

const formatVersion = 1
const addedStart = `{"v":${formatVersion},"id":"`
const nothing = new Uint8Array(0)
/** Messages are for people; a page of them is enough. */
const maxMessageLength = 1_000
const maxStackLength = 4_000

/** Why a job died, as it is kept. */
export interface Death {
  readonly reason: DeathReason
  readonly error: { readonly name: string; readonly message: string; readonly stack: string | null }
}

// Hot path: bench/jobs.mjs.
export function addedRecord(job: Job): NewRecord {
  const { id, plan, carrier, args } = job
  const body = `${addedStart}${id}${plan.taskHeader}${encodeCarrier(carrier)}}\n${args}`
  return { type: recordTypes.added, count: 0, time: job.runAt, body }
}

export function startedRecord(job: Job): NewRecord {
  if (job.attempts === 0 && job.crashes === 0) return firstStart
  return { type: recordTypes.started, count: job.attempts + 1, time: 0, body: crashesBody(job) }
}

export function retryRecord(job: Job, error: unknown): NewRecord {
  const { message } = describeError(error)
  return { type: recordTypes.retry, count: job.attempts, time: job.runAt, body: message }
}

export function releasedRecord(job: Job): NewRecord {
  return { type: recordTypes.released, count: job.attempts, time: 0, body: crashesBody(job) }
}

export function deadRecord(attempts: number, diedAt: number, death: Death): NewRecord {
  return { type: recordTypes.dead, count: attempts, time: diedAt, body: JSON.stringify(death) }
}

export const doneRecord: NewRecord = { type: recordTypes.done, count: 0, time: 0, body: nothing }
const firstStart: NewRecord = { type: recordTypes.started, count: 1, time: 0, body: nothing }

/** The parts of an `added` body. */
export interface DecodedJob {
  readonly id: string
  readonly task: string
  readonly carrier: Carrier
  readonly args: string
}

/** @throws Error saying what is wrong with the body. */
export function decodeAdded(record: EntryRecord): DecodedJob {
  if (record.type !== recordTypes.added) throw new Error(`its first record is of type ${record.type}`)
  const text = textOf(record.body)
  const end = text.indexOf('\n')
  if (end === -1) throw new Error('its body has no header line')
  const header = JSON.parse(text.slice(0, end)) as {
    v?: unknown
    id?: unknown
    task?: unknown
    context?: Carrier
  }
  if (header.v !== formatVersion)
    throw new Error(`its format version is ${String(header.v)}, known is ${formatVersion}`)
  const { id, task, context } = header
  if (typeof id !== 'string' || typeof task !== 'string' || typeof context?.id !== 'string') {
    throw new Error('its header lacks id, task or context')
  }
  return { id, task, carrier: context, args: text.slice(end + 1) }
}

export function crashesOf(record: EntryRecord): number {
  return record.body[0] ?? 0
}

/** @throws Error saying what is wrong with the body. */
export function decodeDeath(record: EntryRecord): Death {
  const death = JSON.parse(textOf(record.body)) as Death
  if (typeof death?.error?.message !== 'string') throw new Error('its death has no error')
  return death
}

export function describeError(error: unknown): Death['error'] {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error).slice(0, maxMessageLength), stack: null }
  return {
    name: String(error.name),
    message: String(error.message).slice(0, maxMessageLength),
    stack: typeof error.stack === 'string' ? error.stack.slice(0, maxStackLength) : null,
  }
}

function crashesBody(job: Job): Uint8Array {
  return job.crashes === 0 ? nothing : Uint8Array.of(Math.min(job.crashes, 255))
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
}
