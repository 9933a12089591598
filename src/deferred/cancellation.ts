/**
 * Takes jobs back. One that runs is aborted; one that waits is settled in the log, and what memory holds of it is dropped
 * where it comes up next: nothing is searched, and a job costs nothing until it is cancelled.
 *
 *   withheld ──(its entry is settled)──► gone, once it has come up
 *            ──(the log refused)──────► placed again
 */
import type { EntryLog } from '../wal'
import type { Attempt } from './attempt'
import type { Endings } from './endings'
import { JobCancelledError } from './errors'
import type { Job } from './job'

export interface CancellationWorld {
  readonly log: EntryLog
  readonly endings: Endings
  /** The attempt of this job that is under way, or `null`. */
  readonly attemptOf: (id: string) => Attempt | null
  /** The sequence of the job's entry, or `null`. */
  readonly locate: (id: string) => Promise<number | null>
  /** The job of this entry; `null` when it is over. */
  readonly open: (sequence: number) => Promise<Job | null>
  /** As `cancel`, for a job that this process cannot run; `null` = it is none of those. */
  readonly cancelParked: (sequence: number) => Promise<boolean> | null
  readonly isDelayed: (job: Job) => boolean
  /** Gives up what a job holds while it is not over, such as its unique key. */
  readonly freed: (job: Job, wasDelayed: boolean) => void
  readonly place: (job: Job) => void
  /** How many delayed jobs there are in memory, those withheld included. */
  readonly delayed: () => number
  /** Forgets the delayed jobs that the function names by their sequences. */
  readonly drop: (isGone: (sequence: number) => boolean) => void
}

/** Below as many, what is withheld may stay until its time. */
const keptInMemory = 10_000

/** `withheld`: it will be placed again, or it is settled soon. */
export type Taken = 'no' | 'withheld' | 'settled'

interface Withheld {
  isDelayed: boolean
  /** It came up before it was known whether it can be cancelled. */
  job: Job | null
  isSettled: boolean
}

export class Cancellation {
  readonly #world: CancellationWorld
  /** By sequence: taken back and not come up yet. */
  readonly #withheld = new Map<number, Withheld>()
  readonly #under = new Map<string, Promise<boolean>>()
  /** Of those withheld, how many are counted as delayed. */
  delayed = 0

  constructor(world: CancellationWorld) {
    this.#world = world
  }

  /** Of those withheld, how many are counted as waiting. */
  get waiting(): number {
    return this.#withheld.size - this.delayed
  }

  /** Whether this job must not begin, nor be noted upon. */
  withholds(job: Job): boolean {
    return this.#withheld.size > 0 && this.#withheld.has(job.sequence)
  }

  has(sequence: number): boolean {
    return this.#withheld.has(sequence)
  }

  /** A job is about to begin, or was due; answers whether it was taken back. */
  takes(job: Job): Taken {
    if (this.#withheld.size === 0) return 'no'
    const withheld = this.#withheld.get(job.sequence)
    if (withheld === undefined) return 'no'
    if (!withheld.isSettled) {
      withheld.job = job
      return 'withheld'
    }
    this.#forget(job.sequence)
    return 'settled'
  }

  /** Jobs that were to be read from the log, and are not there. */
  missed(sequences: readonly number[], found: readonly Job[]): void {
    if (this.#withheld.size === 0 || sequences.length === found.length) return
    const there = new Set(found.map(({ sequence }) => sequence))
    for (const sequence of sequences) if (!there.has(sequence)) this.#forget(sequence)
  }

  /** `true` once it is on disk that the job will not run; `false` when there is none, or it is over. */
  cancel(id: string): Promise<boolean> {
    const known = this.#under.get(id)
    if (known !== undefined) return known
    const cancelling = this.#cancel(id).finally(() => this.#under.delete(id))
    this.#under.set(id, cancelling)
    return cancelling
  }

  async #cancel(id: string): Promise<boolean> {
    if (await this.#abort(id)) return true
    const sequence = await this.#world.locate(id)
    if (sequence === null || this.#withheld.has(sequence)) return false
    const parked = this.#world.cancelParked(sequence)
    if (parked !== null) return parked
    return (await this.#withhold(id, sequence)) || this.#abort(id)
  }

  async #abort(id: string): Promise<boolean> {
    const { attemptOf, endings, freed } = this.#world
    const attempt = attemptOf(id)
    if (attempt === null) return false
    const { job } = attempt
    attempt.abandon(new JobCancelledError({ task: job.plan.name, job: id }))
    freed(job, false)
    await endings.cancelled(job, attempt.number)
    return true
  }

  async #withhold(id: string, sequence: number): Promise<boolean> {
    const { attemptOf, endings, freed, isDelayed, log, open } = this.#world
    const withheld: Withheld = { isDelayed: false, job: null, isSettled: false }
    this.#withheld.set(sequence, withheld)
    // It began before it was withheld.
    if (attemptOf(id) !== null) {
      this.#forget(sequence)
      return false
    }
    try {
      // So that the entry says whether the job is over.
      await log.flush()
      const found = await open(sequence)
      if (found === null) {
        this.#giveBack(sequence, withheld)
        return false
      }
      await endings.cancelled(found, found.attempts)
      withheld.isSettled = true
      const hasComeUp = withheld.job !== null
      freed(found, !hasComeUp && isDelayed(found))
      if (hasComeUp) this.#forget(sequence)
      else if (isDelayed(found)) {
        withheld.isDelayed = true
        this.delayed += 1
        this.#tidy()
      }
      return true
    } catch (error) {
      this.#giveBack(sequence, withheld)
      throw error
    }
  }

  /** Once most of the delayed jobs are gone, they go from memory too. */
  #tidy(): void {
    if (this.delayed < keptInMemory || this.delayed * 2 < this.#world.delayed()) return
    this.#world.drop((sequence) => {
      const isGone = this.#withheld.get(sequence)?.isDelayed ?? false
      if (isGone) this.#forget(sequence)
      return isGone
    })
  }

  #giveBack(sequence: number, { job }: Withheld): void {
    this.#forget(sequence)
    if (job !== null) this.#world.place(job)
  }

  #forget(sequence: number): void {
    if (this.#withheld.get(sequence)?.isDelayed) this.delayed -= 1
    this.#withheld.delete(sequence)
  }
}
