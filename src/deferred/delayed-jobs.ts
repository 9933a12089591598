/**
 * Jobs whose time has not come, with one timer for the earliest, whatever their number.
 *
 *   later: time and place in the log, 16 bytes a job ──(a minute or two ahead: read)──▶ soon: jobs ──▶ due
 *
 * A few thousand stay in memory whole; beyond that, what is not due soon stays on disk. A job waits for as long as
 * lay between the wall clock and its time when it came here, whatever is done to the wall clock meanwhile: see
 * steady-time.ts. Without jobs no timer is armed.
 */
import type { Clock, Timer } from '../kernel'
import type { Job } from './job'
import { SteadyTime } from './steady-time'
import { TimeHeap } from './time-heap'

const longestSleepMs = 60_000
/** Jobs are read so long before their time: one sleep, and as much again for the reading. */
const aheadMs = 2 * longestSleepMs
/** Together with those of the minute after, so that it is done once a minute. */
const togetherMs = longestSleepMs
/** Jobs handed over, or read, per turn: a million due at nine o'clock must not stall the event loop. */
const storm = 1_000
/** As many are kept in memory whatever their time. */
const keptInMemory = 4_000
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
  readonly #time: SteadyTime
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
    this.#time = new SteadyTime(world.clock)
  }

  get size(): number {
    return this.#soon.length + this.#arriving + this.#later.size
  }

  /** When the job is due on the clock that is never set. Asked when its time was given: storing it takes a while. */
  dueAt({ runAt }: Job, wallNow?: number): number {
    return this.#time.of(runAt, wallNow)
  }

  add(job: Job, dueAt = this.dueAt(job)): void {
    // The note of a retry may not be on disk yet.
    job.dueAt = dueAt
    const isFar = job.attempts === 0 && this.#isFar(dueAt)
    if (isFar && this.#soon.length >= keptInMemory) this.#later.push(job.dueAt, job.sequence)
    else pushJob(this.#soon, job)
    if (this.#running) this.#arm()
  }

  /** Whether a job of that time may wait on disk alone, from the start: see `addFar`. By the clocks as they were read last. */
  isFar(runAt: number): boolean {
    return this.#soon.length >= keptInMemory && this.#isFar(this.#time.ofLast(runAt))
  }

  /** A job of which nobody needs more until its time comes near. */
  addFar(sequence: number, runAt: number): void {
    this.#later.push(this.#time.ofLast(runAt), sequence)
    if (this.#running) this.#arm()
  }

  /** Sequences of as many, the earliest first; of an infinite number, in no order, since sorting a million takes a second. */
  next(limit: number): number[] {
    if (limit === Number.POSITIVE_INFINITY)
      return [...this.#soon.map(({ sequence }) => sequence), ...this.#later.some(limit)]
    const first = this.#soon.toSorted((a, b) => (isBefore(a, b) ? -1 : 1)).slice(0, limit)
    const soon = first.map(({ dueAt, sequence }) => ({ time: dueAt, value: sequence }))
    const all = [...soon, ...this.#later.first(limit)].sort((a, b) => a.time - b.time || a.value - b.value)
    return all.slice(0, limit).map(({ value }) => value)
  }

  /** Forgets the jobs that `isGone` names by their sequences, asked once for each; those just being read are not. */
  drop(isGone: (sequence: number) => boolean): void {
    for (const job of this.#soon.splice(0)) if (!isGone(job.sequence)) pushJob(this.#soon, job)
    this.#later.drop(isGone)
  }

  start(): void {
    this.#running = true
    this.#arm()
  }

  stop(): void {
    this.#running = false
    this.#disarm()
  }

  /** A reading from when it was enqueued will do: what seems far and is not is read at once. */
  #isFar(dueAt: number): boolean {
    return dueAt > this.#time.last + aheadMs
  }

  /** When there is something to do: a job is due, or to be read. */
  #nextAt(): number {
    const dueAt = this.#soon[0]?.dueAt ?? Number.POSITIVE_INFINITY
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
    const now = this.#time.now()
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
    const now = this.#time.now()
    for (let count = 0; count < storm; count++) {
      const first = this.#soon[0]
      if (first === undefined || first.dueAt > now) break
      removeFirst(this.#soon)
      this.#world.due(first)
    }
    if (this.#arriving === 0 && now >= this.#readFrom) this.#readAhead(now)
    this.#arm()
  }

  #readAhead(now: number): void {
    if (this.#later.firstTime > now + aheadMs) return
    const until = now + aheadMs + togetherMs
    const times = new Map<number, number>()
    while (times.size < storm && this.#later.firstTime <= until) {
      const time = this.#later.firstTime
      times.set(this.#later.take(), time)
    }
    this.#arriving = times.size
    this.#world.read([...times.keys()]).then(
      (jobs) => this.#arrived(jobs, times),
      (error) => this.#notRead(times, error),
    )
  }

  #arrived(jobs: readonly Job[], times: ReadonlyMap<number, number>): void {
    this.#arriving = 0
    for (const job of jobs) {
      job.dueAt = times.get(job.sequence)!
      pushJob(this.#soon, job)
    }
    if (this.#running) this.#arm()
  }

  #notRead(times: ReadonlyMap<number, number>, error: unknown): void {
    this.#arriving = 0
    for (const [sequence, time] of times) this.#later.push(time, sequence)
    this.#readFrom = this.#time.now() + readAgainMs
    this.#world.failed(error)
    if (this.#running) this.#arm()
  }
}

/** Jobs of one moment in the order they were added to the log. */
function isBefore(a: Job, b: Job): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.sequence < b.sequence)
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
