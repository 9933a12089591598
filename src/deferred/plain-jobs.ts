/**
 * Jobs as most of them are in the log: alone, in the usual queue, in a context without more than an id, of the process and the
 * task of the job before. Byte by byte they are like that one but for a number, and making nothing else of them is what lets a
 * process with a million delayed jobs boot in seconds (bench/deferred-recovery.mjs).
 *
 *   {"v":1,"id":"<process>:<number>","task":"<task>","context":{"id":"<any>"}[,"at":<number>]} "\n" ...
 */
import { type EntryRecord, RecordView } from '../wal'
import { prefixOf } from './job-index'
import { addedStart, recordTypes } from './job-record'
import type { TaskPlan } from './task-plan'

const quote = 34
const backslash = 92
/** Larger numbers are not exact. */
const mostDigits = 15

const nothing = new Uint8Array(0)
const afterContext = Buffer.from('"}')
const beforeTime = Buffer.from(',"at":')
const headerEnd = Buffer.from('}\n')

export class PlainJobs {
  /** The id of the job that was read last: what its process put before the number, and the number. */
  prefix = ''
  number = 0
  #plan: TaskPlan | null = null
  #beforeNumber: Uint8Array = nothing
  #beforeContext: Uint8Array = nothing

  /** The next ones may be like this job, whose task is registered. */
  expect(id: string, plan: TaskPlan): void {
    if (plan === this.#plan && id.startsWith(this.prefix)) return
    this.#plan = plan
    this.prefix = prefixOf(id)
    this.#beforeNumber = Buffer.from(addedStart + this.prefix)
    this.#beforeContext = Buffer.from(`${plan.taskHeader}{"id":"`)
  }

  /** Whether it is like the one expected: then `prefix` and `number` are its name. */
  read(record: EntryRecord): boolean {
    if (this.prefix === '' || !(record instanceof RecordView) || record.type !== recordTypes.added)
      return false
    const { bytes, start, end } = record
    let at = skip(bytes, start, this.#beforeNumber)
    const digitsEnd = skipDigits(bytes, at)
    if (digitsEnd === at || digitsEnd - at > mostDigits) return false
    this.number = numberIn(bytes, at, digitsEnd)
    at = skip(bytes, digitsEnd, this.#beforeContext)
    if (at === -1) return false
    while (at < end && bytes[at] !== quote && bytes[at] !== backslash) at += 1
    at = skip(bytes, at, afterContext)
    const timeAt = skip(bytes, at, beforeTime)
    if (timeAt !== -1) at = skipDigits(bytes, timeAt)
    at = skip(bytes, at, headerEnd)
    return at !== -1 && at <= end
  }
}

/** The offset after `expected`; -1 = something else stands there, or `at` is -1. */
function skip(bytes: Uint8Array, at: number, expected: Uint8Array): number {
  if (at === -1) return -1
  for (let index = 0; index < expected.length; index++) if (bytes[at + index] !== expected[index]) return -1
  return at + expected.length
}

/** The offset of the first byte that is no digit; -1 when `at` is. */
function skipDigits(bytes: Uint8Array, at: number): number {
  if (at === -1) return -1
  let end = at
  while (bytes[end]! >= 48 && bytes[end]! <= 57) end += 1
  return end
}

function numberIn(bytes: Uint8Array, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) number = number * 10 + bytes[at]! - 48
  return number
}
