/**
 * Jobs whose time has not come, with one timer for the earliest, whatever their number.
 *
 *   later: time and place in the log, 16 bytes a job ──(a minute or two ahead: read)──▶ soon: jobs ──▶ due
 *
 * A few thousand stay in memory whole; beyond that, what is not due soon stays on disk. The wall clock is read
 * again at least once a minute, so that a suspended machine or a clock that was set is noticed; without jobs no
 * timer is armed.
 */
import type { Clock, Timer } from '../kernel'
import type { Job } from './job'
import { TimeHeap } from './time-heap'

const longestSleepMs = 60_000
/** Jobs are read so long before their time: one sleep, and as much again for the reading. */
const aheadMs = 2 * longestSleepMs
/** Together with those of the minute after, so that it is done once a minute. */
const togetherMs = longestSleepMs
/** Jobs handed over, or read, per turn: a million due at nine o'clock must not stall the event loop. */
const storm = 1_000
/** As many are kept in memory whatever their time. */
const keptInMemory = 10_000
/** When reading failed, the disk is tried again after this. */
const readAgainMs = 5_000

export interface DelayedJobsWorld {
  readonly clock: Clock
  /** Receives every job whose time has come, in order. */
  readonly due: (job: Job) => void
  /** Reads jobs of these sequences from the log; those that are not there any more are left out. */
  readonly read: (sequences: readonly number[]) => Promise<readonly Job[]>
  /** Told when reading failed; it will be tried again. */
  readonly failed: (error: unknown) => void
}

export class DelayedJobs {
  readonly #world: DelayedJobsWorld
  readonly #soon: Job[] = []
  readonly #later = new TimeHeap()
  /** Being read. */
  #arriving = 0
  #readFrom = Number.NEGATIVE_INFINITY
  #timer: Timer | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #running = false

  constructor(world: DelayedJobsWorld) {
    this.#world = world
  }

  get size(): number {
    return this.#soon.length + this.#arriving + this.#later.size
  }

  add(job: Job): void {
    // The note of a retry may not be on disk yet.
    const isFar = job.attempts === 0 && job.runAt > this.#world.clock.now() + aheadMs
    if (isFar && this.#soon.length >= keptInMemory) this.#later.push(job.runAt, job.sequence)
    else pushJob(this.#soon, job)
    if (this.#running) this.#arm()
  }

  start(): void {
    this.#running = true
    this.#arm()
  }

  stop(): void {
    this.#running = false
    this.#disarm()
  }

  /** When there is something to do: a job is due, or to be read. */
  #nextAt(): number {
    const dueAt = this.#soon[0]?.runAt ?? Number.POSITIVE_INFINITY
    if (this.#arriving > 0) return dueAt
    return Math.min(dueAt, Math.max(this.#later.firstTime - aheadMs, this.#readFrom))
  }

  #arm(): void {
    const next = this.#nextAt()
    if (next === Number.POSITIVE_INFINITY) {
      this.#disarm()
      return
    }
    // It rings within longestSleepMs as it is.
    if (this.#timerAt <= next) return
    const now = this.#world.clock.now()
    const at = Math.min(Math.max(next, now), now + longestSleepMs)
    if (this.#timerAt <= at) return
    this.#disarm()
    this.#timerAt = at
    this.#timer = this.#world.clock.after(at - now, () => this.#fire())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  #fire(): void {
    this.#disarm()
    const now = this.#world.clock.now()
    for (let count = 0; count < storm; count++) {
      const first = this.#soon[0]
      if (first === undefined || first.runAt > now) break
      removeFirst(this.#soon)
      this.#world.due(first)
    }
    if (this.#arriving === 0 && now >= this.#readFrom) this.#readAhead(now)
    this.#arm()
  }

  #readAhead(now: number): void {
    if (this.#later.firstTime > now + aheadMs) return
    const until = now + aheadMs + togetherMs
    const sequences: number[] = []
    while (sequences.length < storm && this.#later.firstTime <= until) sequences.push(this.#later.take())
    this.#arriving = sequences.length
    this.#world.read(sequences).then(
      (jobs) => this.#arrived(jobs),
      (error) => this.#notRead(sequences, error),
    )
  }

  #arrived(jobs: readonly Job[]): void {
    this.#arriving = 0
    for (const job of jobs) pushJob(this.#soon, job)
    if (this.#running) this.#arm()
  }

  /** They are asked for again first of all. */
  #notRead(sequences: readonly number[], error: unknown): void {
    this.#arriving = 0
    const now = this.#world.clock.now()
    for (const sequence of sequences) this.#later.push(now, sequence)
    this.#readFrom = now + readAgainMs
    this.#world.failed(error)
    if (this.#running) this.#arm()
  }
}

/** Jobs of one moment in the order they were added to the log. */
function isBefore(a: Job, b: Job): boolean {
  return a.runAt < b.runAt || (a.runAt === b.runAt && a.sequence < b.sequence)
}

function pushJob(heap: Job[], job: Job): void {
  heap.push(job)
  let index = heap.length - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (!isBefore(job, heap[parent]!)) break
    heap[index] = heap[parent]!
    index = parent
  }
  heap[index] = job
}

function removeFirst(heap: Job[]): void {
  const job = heap.pop()!
  const { length } = heap
  if (length === 0) return
  let index = 0
  for (;;) {
    let child = index * 2 + 1
    if (child >= length) break
    if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
    if (!isBefore(heap[child]!, job)) break
    heap[index] = heap[child]!
    index = child
  }
  heap[index] = job
}
