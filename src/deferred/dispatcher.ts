/**
 * Which job runs when: slots, turns and claims.
 *
 *   ready ─► claimed (its start is in the log) ─► running, at most `concurrency`
 *
 * - Fair to the event loop: a turn starts jobs for a few milliseconds, then lets the sockets speak. Draining
 *   500,000 jobs in one go is what makes an HTTP request wait for seconds.
 * - Claims are made in batches while others run, so that a no-op job does not wait for the kernel alone. How far
 *   ahead is learnt: only while waiting for the log takes longer than the jobs themselves, because what is
 *   claimed when the process dies counts as a suspect.
 * - Suspects (jobs that ran when the process died) have a lane of their own, one at a time, so that the
 *   guilty one is found and the rest of the queue goes on.
 */
import { AsyncResource } from 'node:async_hooks'
import type { Clock } from '../kernel'
import { Fifo } from './fifo'
import type { Job } from './job'

/** `slot`: one of `concurrency`; `suspect`: the one place for jobs that may be guilty of a crash. */
export type Lane = 'slot' | 'suspect'

export interface DispatcherWorld {
  readonly clock: Clock
  readonly concurrency: number
  /** Marks the job as started; resolves when its attempt may begin. */
  readonly claim: (job: Job) => Promise<void>
  /** A claim could not be written: may the jobs run all the same? */
  readonly claimFailed: (error: unknown) => boolean
  /** Begins the attempt. The dispatcher hears of its end through `freed`, perhaps before this returns. */
  readonly begin: (job: Job, lane: Lane) => void
  /** A claimed job will not run: dispatching has ended. */
  readonly release: (job: Job) => void
}

const turnMs = 4
const startsPerTurn = 256
const furthestAhead = 256

export class Dispatcher {
  readonly #world: DispatcherWorld
  readonly #ready = new Fifo<Job>()
  readonly #claimed = new Fifo<Job>()
  readonly #suspects = new Fifo<Job>()
  // Made where the queue was made: a turn must not inherit the context of the request that happened to wake it.
  readonly #outside = new AsyncResource('rage.deferred')
  #hasSuspect = false
  #claimsLanded: Promise<void> | null = null
  #suspectLanded: Promise<void> | null = null
  #open = false
  #running = 0
  #claiming = 0
  #ahead = 0
  /** Monotonic times: the last claim was made, the slots began to be used, the last of them ran out of jobs. */
  #claimedAt = 0
  #busySince = Number.NaN
  #idleSince = Number.NaN
  #scheduled = false
  #pumping = false
  #turnEndsAt = 0
  #startsLeft = 0

  constructor(world: DispatcherWorld) {
    this.#world = world
  }

  /** Jobs that could run now and do not. */
  get waiting(): number {
    return this.#ready.size + this.#claiming + this.#claimed.size + this.#suspects.size
  }

  get running(): number {
    return this.#running + (this.#hasSuspect ? 1 : 0)
  }

  push(job: Job): void {
    this.#ready.push(job)
    if (this.#open) this.#schedule()
  }

  pushSuspect(job: Job): void {
    this.#suspects.push(job)
    if (this.#open) this.#schedule()
  }

  open(): void {
    this.#open = true
    this.#schedule()
  }

  /** Starts nothing from now on and releases what was claimed; resolves when no claim is under way. */
  async close(): Promise<void> {
    this.#open = false
    for (const job of this.#claimed.takeAll()) this.#world.release(job)
    await Promise.all([this.#claimsLanded, this.#suspectLanded])
  }

  /** The place an attempt had is free again. */
  freed(lane: Lane): void {
    if (lane === 'suspect') {
      this.#hasSuspect = false
      if (this.#open) this.#schedule()
      return
    }
    this.#running -= 1
    if (this.#running === 0 && this.#claimed.size === 0) this.#idleSince = this.#world.clock.monotonic()
    if (!this.#pumping) this.#continue()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#outside.runInAsyncScope(setImmediate, null, this.#turn)
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    this.#turnEndsAt = this.#world.clock.monotonic() + turnMs
    this.#startsLeft = startsPerTurn
    this.#probe()
    this.#pump()
  }

  /** Goes on within the turn under way if it has time left, else in the next one. */
  #continue(): void {
    if (this.#startsLeft > 0 && this.#world.clock.monotonic() < this.#turnEndsAt) this.#pump()
    else if (this.#open && this.waiting > 0) this.#schedule()
  }

  // Hot path: bench/jobs.mjs.
  #pump(): void {
    if (!this.#open) return
    const { begin, clock, concurrency } = this.#world
    this.#pumping = true
    while (this.#running < concurrency) {
      const job = this.#claimed.take()
      if (job === null) break
      this.#running += 1
      begin(job, 'slot')
      this.#startsLeft -= 1
      if (this.#startsLeft <= 0 || clock.monotonic() >= this.#turnEndsAt) {
        this.#schedule()
        break
      }
    }
    this.#pumping = false
    this.#claim()
  }

  #claim(): void {
    if (this.#claiming > 0 || !this.#open) return
    const wanted = this.#world.concurrency - this.#running + this.#ahead - this.#claimed.size
    const batch: Job[] = []
    const written: Promise<void>[] = []
    while (batch.length < wanted) {
      const job = this.#ready.take()
      if (job === null) break
      batch.push(job)
      const promise = this.#world.claim(job)
      // Records of one commit share a promise.
      if (promise !== written.at(-1)) written.push(promise)
    }
    if (batch.length === 0) return
    this.#claiming = batch.length
    this.#claimedAt = this.#world.clock.monotonic()
    const all = written.length === 1 ? written[0]! : Promise.all(written)
    this.#claimsLanded = all.then(
      () => this.#landed(batch),
      (error) => this.#failed(batch, error),
    )
  }

  #landed(batch: readonly Job[]): void {
    this.#claiming = 0
    if (!this.#open) {
      for (const job of batch) this.#world.release(job)
      return
    }
    this.#learn()
    for (const job of batch) this.#claimed.push(job)
    this.#continue()
  }

  /** Called when a claim has landed. The times are NaN, and nothing is learnt, before the first jobs ran. */
  #learn(): void {
    const now = this.#world.clock.monotonic()
    const isIdle = this.#running === 0 && this.#claimed.size === 0
    const waited = now - Math.max(this.#idleSince, this.#claimedAt)
    const worked = this.#idleSince - this.#busySince
    if (!isIdle) this.#ahead >>= 1
    else if (waited > worked) this.#ahead = Math.min(furthestAhead, this.#ahead * 2 + 16)
    if (isIdle) this.#busySince = now
  }

  #failed(batch: readonly Job[], error: unknown): void {
    if (this.#world.claimFailed(error)) {
      this.#landed(batch)
      return
    }
    this.#claiming = 0
    this.#open = false
    for (const job of batch) this.#ready.push(job)
  }

  #probe(): void {
    if (this.#hasSuspect || !this.#open) return
    const job = this.#suspects.take()
    if (job === null) return
    this.#hasSuspect = true
    this.#suspectLanded = this.#world.claim(job).then(
      () => this.#beginSuspect(job),
      (error) => {
        if (this.#world.claimFailed(error)) this.#beginSuspect(job)
        else this.#giveSuspectBack(job)
      },
    )
  }

  #giveSuspectBack(job: Job): void {
    this.#hasSuspect = false
    this.#open = false
    this.#suspects.push(job)
  }

  #beginSuspect(job: Job): void {
    if (this.#open) {
      this.#world.begin(job, 'suspect')
      return
    }
    this.#hasSuspect = false
    this.#world.release(job)
  }
}
