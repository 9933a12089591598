/** The jobs that will not be attempted again by themselves, newest last, at most `limit`. */
import type { Args } from './args'
import type { Death } from './job-record'
import type { DeathReason } from './retry-policy'

/** What is known about a dead job. */
export interface DeadJob {
  readonly id: string
  readonly task: string
  /** `undefined` also when they cannot be read: a codec or a secret is missing. */
  readonly args: unknown
  /** Attempts that failed. */
  readonly attempts: number
  /** `exhausted`: no attempt left; `stopped`: `retryIn` said false; `unrecoverable`: it threw `Unrecoverable`; `crashed`: it took the process down three times. */
  readonly reason: DeathReason
  readonly error: { readonly name: string; readonly message: string; readonly stack: string | null }
  /** Epoch milliseconds. */
  readonly diedAt: number
}

/** A dead job as the log knows it: its sequence there, and what is shown of it. */
export interface DeadEntry {
  readonly sequence: number
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly enqueuedAt: number
  /** As in the job's record. */
  readonly args: string
  readonly attempts: number
  readonly diedAt: number
  readonly death: Death
}

export class DeadJobs {
  readonly #limit: number
  readonly #args: Args
  readonly #forget: (sequence: number) => void
  /** By sequence, in the order of their deaths. */
  readonly #entries = new Map<number, DeadEntry>()

  /** @param forget receives the log sequence of each job that no longer fits. */
  constructor(limit: number, args: Args, forget: (sequence: number) => void) {
    this.#limit = limit
    this.#args = args
    this.#forget = forget
  }

  get size(): number {
    return this.#entries.size
  }

  add(entry: DeadEntry): void {
    this.#entries.set(entry.sequence, entry)
    if (this.#entries.size <= this.#limit) return
    const oldest = this.#entries.keys().next().value!
    this.#entries.delete(oldest)
    this.#forget(oldest)
  }

  /** Oldest death first. */
  entries(): IterableIterator<DeadEntry> {
    return this.#entries.values()
  }

  find(id: string): DeadEntry | null {
    for (const entry of this.#entries.values()) if (entry.id === id) return entry
    return null
  }

  /** It is no longer dead, or forgotten. */
  remove(sequence: number): void {
    this.#entries.delete(sequence)
  }

  list(): DeadJob[] {
    return [...this.#entries.values()].map(({ id, task, args, attempts, diedAt, death }) => ({
      id,
      task,
      args: this.#args.shown(task, args),
      attempts,
      reason: death.reason,
      error: death.error,
      diedAt,
    }))
  }
}
