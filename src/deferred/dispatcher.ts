/**
 * When the next job begins: slots, turns and claims. Which job that is, the backlog says.
 *
 *   backlog ─► claimed (its start is in the log) ─► running, at most `concurrency`
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
import { Backlog, type BacklogWorld, type QueueStats } from './queues/backlog'

/** `slot`: one of `concurrency`; `suspect`: the one place for jobs that may be guilty of a crash. */
export type Lane = 'slot' | 'suspect'

export interface DispatcherWorld extends Omit<BacklogWorld, 'opened'> {
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

const turnMs = 2
const startsPerTurn = 256
const furthestAhead = 256

export class Dispatcher {
  readonly #world: DispatcherWorld
  readonly #backlog: Backlog
  readonly #claimed = new Fifo<Job>()
  /** A few: what one process had claimed when it died. */
  readonly #suspects: Job[] = []
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
    const { clock, queues, pauses } = world
    this.#backlog = new Backlog({ clock, queues, pauses, opened: () => this.#wake() })
  }

  /** Jobs that could run now and do not. */
  get waiting(): number {
    return this.#backlog.size + this.#claiming + this.#claimed.size + this.#suspects.length
  }

  get running(): number {
    return this.#running + (this.#hasSuspect ? 1 : 0)
  }

  /** At most as many of the jobs that wait: those already claimed, then queue by queue. */
  next(limit: number): Job[] {
    const jobs: Job[] = []
    for (const source of [this.#suspects, this.#claimed, this.#backlog]) {
      for (const job of source) {
        if (jobs.length === limit) return jobs
        jobs.push(job)
      }
    }
    return jobs
  }

  push(job: Job): void {
    this.#backlog.push(job)
    if (this.#backlog.hasReady) this.#wake()
  }

  /** A job that runs shall run again, before those that came after it; jobs of its task wait `ms`. */
  postpone(job: Job, ms: number): void {
    this.#backlog.postpone(job, ms)
    if (this.#backlog.hasReady) this.#wake()
  }

  /** A job of the queue waits for its time, which is not here, or no longer. */
  delayed(queue: string, change: 1 | -1): void {
    this.#backlog.delayed(queue, change)
  }

  /** The pauses have changed. */
  pausesChanged(): void {
    this.#backlog.pausesChanged()
  }

  stats(): Readonly<Record<string, QueueStats>> {
    const suspects = new Map<string, number>()
    for (const { queue } of this.#suspects) suspects.set(queue, (suspects.get(queue) ?? 0) + 1)
    return this.#backlog.stats(suspects)
  }

  pushSuspect(job: Job): void {
    this.#suspects.push(job)
    this.#wake()
  }

  open(): void {
    this.#open = true
    this.#schedule()
  }

  /** Starts nothing from now on and releases what was claimed; resolves when no claim is under way. */
  async close(): Promise<void> {
    this.#open = false
    this.#backlog.close()
    for (const job of this.#claimed.takeAll()) this.#world.release(job)
    await Promise.all([this.#claimsLanded, this.#suspectLanded])
  }

  /** The place an attempt had is free again. */
  freed(job: Job, lane: Lane): void {
    this.#backlog.left(job)
    if (lane === 'suspect') {
      this.#hasSuspect = false
      this.#wake()
      return
    }
    this.#running -= 1
    if (this.#running === 0 && this.#claimed.size === 0) this.#idleSince = this.#world.clock.monotonic()
    if (!this.#pumping) this.#continue()
  }

  #wake(): void {
    if (this.#open) this.#schedule()
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
      if (!this.#backlog.mayBegin(job)) {
        this.#giveBack(job)
        continue
      }
      this.#running += 1
      this.#backlog.begun(job)
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
      const job = this.#backlog.take()
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
    for (const job of batch) this.#backlog.giveBack(job)
  }

  /** Its queue was paused, or its task told to wait, after it was claimed. */
  #giveBack(job: Job): void {
    this.#world.release(job)
    this.#backlog.giveBack(job)
  }

  #probe(): void {
    if (this.#suspects.length === 0 || this.#hasSuspect || !this.#open) return
    const index = this.#suspects.findIndex((suspect) => this.#backlog.letIn(suspect))
    if (index === -1) return
    const job = this.#suspects.splice(index, 1)[0]!
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
    this.#open = false
    this.#returnSuspect(job)
  }

  #beginSuspect(job: Job): void {
    if (this.#open && this.#backlog.mayBegin(job)) {
      this.#backlog.begun(job)
      this.#world.begin(job, 'suspect')
      return
    }
    this.#world.release(job)
    this.#returnSuspect(job)
  }

  #returnSuspect(job: Job): void {
    this.#hasSuspect = false
    this.#suspects.unshift(job)
    this.#backlog.turnBack(job)
  }
}
