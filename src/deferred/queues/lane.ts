/** Waiting jobs of one task, queue and priority: first in, first out, with room in front for those that come back. */
import { Fifo } from '../fifo'
import type { Job } from '../job'

export class Lane {
  priority: number
  readonly #jobs = new Fifo<Job>()
  /** Taken and given back: all older than the others, a few at most, oldest first. */
  #returned: Job[] | null = null

  constructor(priority: number) {
    this.priority = priority
  }

  get size(): number {
    return this.#jobs.size + (this.#returned === null ? 0 : this.#returned.length)
  }

  /** The next to be taken, or `null`. */
  get first(): Job | null {
    return this.#returned === null ? this.#jobs.first : this.#returned[0]!
  }

  /** The next ones first. */
  *[Symbol.iterator](): IterableIterator<Job> {
    yield* this.#returned ?? []
    yield* this.#jobs
  }

  push(job: Job): void {
    this.#jobs.push(job)
  }

  take(): Job | null {
    const returned = this.#returned
    if (returned === null) return this.#jobs.take()
    const job = returned.shift()!
    if (returned.length === 0) this.#returned = null
    return job
  }

  /** To the place it had. */
  giveBack(job: Job): void {
    this.#returned ??= []
    let index = this.#returned.length
    while (index > 0 && this.#returned[index - 1]!.order > job.order) index -= 1
    this.#returned.splice(index, 0, job)
  }
}
