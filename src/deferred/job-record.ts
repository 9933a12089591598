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
 *   7 kept        0                 until      nothing: over, but its unique key is in force until then
 *   8 result      last attempt      expiresAt  what perform returned, encoded as arguments are: done, and kept until then
 *   9 cancelled   failed attempts   expiresAt  nothing; settles the entry, or keeps it until then
 *  10 batch       members           0          {"v","id","followedBy","context"}: an entry of its own, waits for its members
 *  11 tally       members dead      cancelled  nothing; a note on a batch
 *
 * The header is {"v":1,"id","task","context"}, and where they differ from queue `default`, priority 0 and no key
 * {"queue","priority","unique":{"key","until"}}; "at" is the time of the enqueue, unless that is runAt, and "links" are
 * JobLinks (links.ts). `context` is a Carrier. Header and arguments are apart so that
 * recovery need not parse arguments: JSON text never holds a bare newline, so the first one ends the header.
 *
 *   added ─► started ─► done
 *              │  ├───► retry ──► started ...
 *              │  ├───► dead       kept unsettled until it is forgotten
 *              │  ├───► result, cancelled   kept unsettled until they expire
 *              └──────► released   shutdown or crash: the attempt was not charged
 *
 * An entry found with `started` as its last note was running when the process died.
 */
import { type Carrier, encodeCarrier } from '../context'
import { bodyText, type EntryRecord, type NewRecord } from '../wal'
import type { Batch } from './batches'
import type { Job } from './job'
import type { JobLinks, PlannedRecord } from './links'
import { defaultQueue, isPriority, isQueueName } from './queues/placement-checks'
import type { UniqueKey } from './queues/unique-key'
import type { DeathReason } from './retry-policy'

export const recordTypes = {
  added: 1,
  started: 2,
  retry: 3,
  released: 4,
  dead: 5,
  done: 6,
  kept: 7,
  result: 8,
  cancelled: 9,
  batch: 10,
  tally: 11,
} as const

const ends: readonly number[] = [
  recordTypes.dead,
  recordTypes.kept,
  recordTypes.result,
  recordTypes.cancelled,
]
const formatVersion = 1
/** How each body of a job begins. */
export const addedStart = `{"v":${formatVersion},"id":"`
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
  const others = `${placementText(job)}${originText(job)}`
  const body = `${addedStart}${id}${plan.taskHeader}${encodeCarrier(carrier)}${others}}\n${args}`
  return { type: recordTypes.added, count: 0, time: job.runAt, body }
}

/** A job of a task that is not registered: the next boot that knows it will run it, where and when it was planned. */
export function strandedRecord(
  id: string,
  { runAt, at }: { readonly runAt: number; readonly at: number },
  { task, args, options = {} }: PlannedRecord,
  links: JobLinks,
  carrier: Carrier,
): NewRecord {
  const { queue, priority } = options
  const header = { v: formatVersion, id, task, context: carrier, queue, priority, at, links }
  return { type: recordTypes.added, count: 0, time: runAt, body: `${JSON.stringify(header)}\n${args}` }
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

export function keptRecord(until: number): NewRecord {
  return { type: recordTypes.kept, count: 0, time: until, body: nothing }
}

export function resultRecord(attempt: number, expiresAt: number, result: string): NewRecord {
  return { type: recordTypes.result, count: attempt, time: expiresAt, body: result }
}

export function cancelledRecord(attempts: number, expiresAt: number): NewRecord {
  return { type: recordTypes.cancelled, count: attempts, time: expiresAt, body: nothing }
}

export function batchRecord({ id, total, planned, carrier }: Batch): NewRecord {
  const body = JSON.stringify({ v: formatVersion, id, followedBy: planned, context: carrier })
  return { type: recordTypes.batch, count: total, time: 0, body }
}

export function tallyRecord(dead: number, cancelled: number): NewRecord {
  return { type: recordTypes.tally, count: dead, time: cancelled, body: nothing }
}

export const doneRecord: NewRecord = { type: recordTypes.done, count: 0, time: 0, body: nothing }
const firstStart: NewRecord = { type: recordTypes.started, count: 1, time: 0, body: nothing }

/** The parts of an `added` body. */
export interface DecodedJob {
  readonly id: string
  readonly task: string
  readonly carrier: Carrier
  readonly queue: string
  readonly priority: number
  readonly unique: UniqueKey | null
  readonly enqueuedAt: number
  readonly links: JobLinks | null
  readonly args: string
}

/** @throws Error saying what is wrong with the body. */
export function decodeAdded(record: EntryRecord): DecodedJob {
  if (record.type !== recordTypes.added) throw new Error(`its first record is of type ${record.type}`)
  const text = bodyText(record)
  const plain = plainHeader.exec(text)
  if (plain !== null) return plainJob(record, plain, text)
  const end = text.indexOf('\n')
  if (end === -1) throw new Error('its body has no header line')
  const header = JSON.parse(text.slice(0, end)) as {
    v?: unknown
    id?: unknown
    task?: unknown
    context?: Carrier
    queue?: unknown
    priority?: unknown
    unique?: UniqueKey
    at?: number
    links?: JobLinks
  }
  if (header.v !== formatVersion)
    throw new Error(`its format version is ${String(header.v)}, known is ${formatVersion}`)
  const { id, task, context } = header
  if (typeof id !== 'string' || typeof task !== 'string' || typeof context?.id !== 'string') {
    throw new Error('its header lacks id, task or context')
  }
  const origin = { enqueuedAt: header.at ?? record.time, links: header.links ?? null }
  return { id, task, carrier: context, ...placementIn(header), ...origin, args: text.slice(end + 1) }
}

/**
 * The header of a job with its time alone, in a context without more than an id, and no escapes in it: most jobs, in half the
 * time that parsing JSON takes. A boot may have a million of them to read (bench/deferred-recovery.mjs).
 */
const plainHeader = new RegExp(
  `^\\{"v":${formatVersion},"id":"([^"\\\\]*)","task":"([^"\\\\]*)","context":\\{"id":"([^"\\\\]*)"\\}(?:,"at":(\\d+))?\\}\n`,
)

function plainJob({ time }: EntryRecord, found: RegExpExecArray, text: string): DecodedJob {
  return {
    id: found[1]!,
    task: found[2]!,
    carrier: { id: found[3]! },
    queue: defaultQueue,
    priority: 0,
    unique: null,
    enqueuedAt: found[4] === undefined ? time : Number(found[4]),
    links: null,
    args: text.slice(found[0].length),
  }
}

/** An `added` record without its arguments, which may be large. */
export function headerOf(record: EntryRecord): EntryRecord {
  const { type, count, time, body } = record
  const end = body.indexOf(newline) + 1
  return end === 0 ? record : { type, count, time, body: body.subarray(0, end) }
}

const newline = 10

/** @throws Error saying what is wrong with the body. */
export function decodeBatch(record: EntryRecord): Batch {
  const { v, id, followedBy, context } = JSON.parse(bodyText(record)) as {
    v?: unknown
    id?: unknown
    followedBy?: readonly PlannedRecord[]
    context?: Carrier
  }
  if (v !== formatVersion) throw new Error(`its format version is ${String(v)}, known is ${formatVersion}`)
  if (typeof id !== 'string' || !Array.isArray(followedBy) || typeof context?.id !== 'string')
    throw new Error('it lacks id, followedBy or context')
  return { id, total: record.count, planned: followedBy, carrier: context }
}

/** The job is over, or dead, and its entry is kept for something else. */
export function isOver(note: EntryRecord | null): boolean {
  return note !== null && ends.includes(note.type)
}

export function crashesOf(record: EntryRecord): number {
  return record.body[0] ?? 0
}

/** @throws Error saying what is wrong with the body. */
export function decodeDeath(record: EntryRecord): Death {
  const death = JSON.parse(bodyText(record)) as Death
  if (typeof death?.error?.message !== 'string') throw new Error('its death has no error')
  return death
}

export function describeError(error: unknown): Death['error'] {
  if (!(error instanceof Error))
    return { name: 'Error', message: storable(String(error), maxMessageLength), stack: null }
  return {
    name: storable(String(error.name), maxMessageLength),
    message: storable(String(error.message), maxMessageLength),
    stack: typeof error.stack === 'string' ? storable(error.stack, maxStackLength) : null,
  }
}

/** Databases refuse NUL, and the half of a pair that a cut may leave. */
function storable(text: string, length: number): string {
  return text.slice(0, length).replace(/[\0\p{Surrogate}]/gu, '\ufffd')
}

/** Members of the header, or nothing for a job that came by itself and at once. */
function originText({ enqueuedAt, runAt, links }: Job): string {
  const at = enqueuedAt === runAt ? '' : `,"at":${enqueuedAt}`
  return links === null ? at : `${at},"links":${JSON.stringify(links)}`
}

/** Members of the header, or nothing for the usual place. */
function placementText({ queue, priority, unique }: Job): string {
  if (queue === defaultQueue && priority === 0 && unique === null) return ''
  const key = unique === null ? '' : `,"unique":${JSON.stringify(unique)}`
  return `,"queue":${JSON.stringify(queue)},"priority":${priority}${key}`
}

/** What is not understood is taken for the usual: a job in the wrong queue is better than one that is parked. */
function placementIn(header: { queue?: unknown; priority?: unknown; unique?: UniqueKey }) {
  const { queue, priority, unique } = header
  const hasKey = typeof unique?.key === 'string' && typeof unique.until === 'number'
  return {
    queue: isQueueName(queue) ? queue : defaultQueue,
    priority: isPriority(priority) ? priority : 0,
    unique: hasKey ? { key: unique.key, until: unique.until } : null,
  }
}

function crashesBody(job: Job): Uint8Array {
  return job.crashes === 0 ? nothing : Uint8Array.of(Math.min(job.crashes, 255))
}
