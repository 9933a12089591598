/**
 * Jobs whose time has not come: a binary heap on (runAt, order) and one timer for the earliest, whatever
 * their number. The wall clock is read again at least once a minute, so that a suspended machine or a clock
 * that was set is noticed; without jobs no timer is armed.
 */
import type { Clock, Timer } from '../kernel'
import type { Job } from './job'

const longestSleepMs = 60_000
/** Jobs handed over per turn: a million due at nine o'clock must not stall the event loop. */
const storm = 1_000

export class DelayedJobs {
  readonly #clock: Clock
  readonly #due: (job: Job) => void
  readonly #heap: Job[] = []
  #timer: Timer | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #running = false
  #order = 0

  /** @param due receives every job whose time has come, in order. */
  constructor(clock: Clock, due: (job: Job) => void) {
    this.#clock = clock
    this.#due = due
  }

  get size(): number {
    return this.#heap.length
  }

  add(job: Job): void {
    job.order = this.#order++
    this.#heap.push(job)
    siftUp(this.#heap)
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

  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined) {
      this.#disarm()
      return
    }
    const now = this.#clock.now()
    const at = Math.min(Math.max(first.runAt, now), now + longestSleepMs)
    if (this.#timer !== null && this.#timerAt <= at) return
    this.#disarm()
    this.#timerAt = at
    this.#timer = this.#clock.after(at - now, () => this.#fire())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  #fire(): void {
    this.#disarm()
    const now = this.#clock.now()
    for (let count = 0; count < storm; count++) {
      const first = this.#heap[0]
      if (first === undefined || first.runAt > now) break
      removeFirst(this.#heap)
      this.#due(first)
    }
    this.#arm()
  }
}

function isBefore(a: Job, b: Job): boolean {
  return a.runAt < b.runAt || (a.runAt === b.runAt && a.order < b.order)
}

function siftUp(heap: Job[]): void {
  let index = heap.length - 1
  const job = heap[index]!
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
