/** The waiting jobs of one task in one queue, the smallest priority first, in order within a priority. */
import type { Job } from '../job'
import { Lane } from './lane'
import type { Queue } from './queue'
import type { TaskGate } from './task-gate'

export class Line {
  readonly queue: Queue
  readonly task: TaskGate
  /** Its place in the heap of its queue; -1 = not there. */
  index = -1
  /** Of its first job, for the heap. */
  priority = 0
  order = 0
  size = 0
  /** By priority; the last one is kept when it is empty, so that a queue that is mostly empty makes no lanes. */
  readonly #lanes: Lane[] = [new Lane(0)]

  constructor(queue: Queue, task: TaskGate) {
    this.queue = queue
    this.task = task
  }

  /** The next ones first. */
  *[Symbol.iterator](): IterableIterator<Job> {
    for (const lane of this.#lanes) yield* lane
  }

  push(job: Job): void {
    this.#laneFor(job.priority).push(job)
    this.#grow()
  }

  /** A job that was taken goes back to the place it had. */
  giveBack(job: Job): void {
    this.#laneFor(job.priority).giveBack(job)
    this.#grow()
  }

  take(): Job | null {
    const lane = this.#lanes[0]!
    const job = lane.take()
    if (job === null) return null
    this.size -= 1
    if (this.#lanes.length > 1 && lane.size === 0) this.#lanes.shift()
    if (this.size > 0) this.#lookAhead()
    return job
  }

  /** The earliest time one of its jobs could have run, epoch milliseconds; infinite when there is none. */
  oldest(): number {
    return Math.min(...this.#lanes.map((lane) => lane.first?.runAt ?? Number.POSITIVE_INFINITY))
  }

  #grow(): void {
    this.size += 1
    this.#lookAhead()
  }

  #lookAhead(): void {
    const first = this.#lanes[0]!.first!
    this.priority = first.priority
    this.order = first.order
  }

  #laneFor(priority: number): Lane {
    const lanes = this.#lanes
    if (this.size === 0) lanes[0]!.priority = priority
    let low = 0
    let high = lanes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (lanes[middle]!.priority < priority) low = middle + 1
      else high = middle
    }
    if (lanes[low]?.priority !== priority) lanes.splice(low, 0, new Lane(priority))
    return lanes[low]!
  }
}
