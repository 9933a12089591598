/**
 * When batches go to disk, and when the log is tidied. Everything accepted while a commit is in flight shares the
 * next write and sync; an idle log commits at the end of the current turn of the event loop. No timer delays
 * anybody who waits.
 */
import { AsyncResource } from 'node:async_hooks'
import { Batch, type Waiters } from './batch'
import type { Durability } from './contract'
import { IdleTimers, type TimerName } from './idle-timers'
import type { Missed } from './missed'
import type { Segments } from './segments'
import type { LogInternals } from './settings'
import type { Tidying } from './tidying'
import type { Writer } from './writer'

export interface CommitLoopParts {
  readonly writer: Writer
  readonly tidying: Tidying
  readonly segments: Segments
  readonly missed: Missed
  readonly internals: LogInternals
  /** See the header of a segment in format.ts. */
  readonly nextSequence: () => number
}

/** The clock is not looked at for each record. */
const recordsPerLook = 8
/**
 * Callers who are answered, and go on with the next record, keep a turn of the event loop going for as long as the disk
 * answers within it: a port hands over up to 1,000 messages before Node looks at anything else. After so long, in ms, the
 * next commit waits for the turn's end, and requests and timers come by.
 */
const longestTurnMs = 2
/** A log without commits for so long rests, in ms. */
const restMs = 5
/** Batches given to the committer and not yet done. */
const mostUnderWay = 4

export class CommitLoop {
  readonly #parts: CommitLoopParts
  readonly #writer: Writer
  /** Takes records; full batches wait in `#queue`. */
  #filling = new Batch()
  #queue: Batch[] = []
  readonly #spares: Batch[] = []
  #wantsRoom = false
  #isEnding = false
  /** While it is above 0, segments are neither copied nor deleted. */
  #tidyingPauses = 0

  /** Something is due, and looked at when this turn of the event loop ends. */
  #isScheduled = false
  /** The loop does what cannot be done beside commits. */
  #isRunning = false
  #running: Promise<void> = Promise.resolve()
  /** Commits the loop did not make: how many are under way, and the last of them. */
  #underWay = 0
  #last: Promise<void> = Promise.resolve()
  /** The log outlives the request that wakes it and must not carry its context. */
  readonly #outside = new AsyncResource('rage.wal')
  #untilLook = recordsPerLook
  /** When the turn was scheduled that is next. */
  #wokenAt = 0
  #commitsAtRest = 0
  readonly #timers = new IdleTimers((name) => this.#ring(name))

  constructor(parts: CommitLoopParts) {
    this.#parts = parts
    this.#writer = parts.writer
  }

  /** The batch that takes the next record. */
  open(): Batch {
    if (this.#filling.length >= this.#parts.internals.batchBytes) {
      this.#queue.push(this.#filling)
      this.#filling = new Batch()
      this.wake()
    }
    return this.#filling
  }

  /** The promise of what was just put into the batch. */
  promiseOf(batch: Batch, waiters: Waiters, durability: Durability): Promise<void> {
    const promise = batch.promiseOf(waiters, durability)
    if (batch.isDue) {
      this.wake()
      this.#untilLook -= 1
      if (this.#untilLook <= 0) this.#look()
    } else this.#arm('rider', this.#parts.internals.riderMs)
    return promise
  }

  /** Resolves when everything put so far is on disk. */
  flush(): Promise<void> {
    return this.promiseOf(this.#filling, this.#filling.others, 'sync')
  }

  /** Looks for something to do when this turn of the event loop ends. */
  wake(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#wokenAt = performance.now()
    this.#outside.runInAsyncScope(setImmediate, null, this.#turn)
  }

  /** Resolves when nothing is under way. */
  async atRest(): Promise<void> {
    await this.#last
    await this.#running
  }

  /** The log is not tidied until the answer is called. */
  pauseTidying(): () => void {
    this.#tidyingPauses += 1
    return () => {
      this.#tidyingPauses -= 1
      this.wake()
    }
  }

  /** The log ends: what was accepted is committed, and nothing else begun. */
  end(): void {
    this.#isEnding = true
  }

  /** Resolves when all is done; nothing may be put any more. */
  async close(): Promise<void> {
    await this.atRest()
    this.#timers.clear()
  }

  readonly #turn = (): void => {
    this.#isScheduled = false
    if (this.#isRunning || this.#underWay >= mostUnderWay) return // its end comes by
    if (this.#canCommitBeside()) this.#commitBeside()
    else if (this.#hasWork) this.#running = this.#run()
    else this.#armTimers()
  }

  /**
   * In a long turn the disk need not wait for its end: a batch that gathered for half as long as the disk needs for
   * a sync goes at once, or for a quarter when the disk has nothing to do, and the next one is gathered meanwhile. On
   * a slower disk the turn ends before, and the whole turn shares one sync.
   */
  #look(): void {
    this.#untilLook = recordsPerLook
    const { waiting, lastSyncMs } = this.#writer.committer
    const share = waiting === 0 ? 1 / 4 : 1 / 2
    const now = performance.now()
    if (now - this.#wokenAt > longestTurnMs) return
    const isTime = now - this.#filling.begunAt >= share * lastSyncMs
    if (isTime && !this.#isRunning && this.#canCommitBeside())
      this.#outside.runInAsyncScope(this.#commitBeside, this)
  }

  /** The batch that is filling may go now, also behind others: the committer gives those that wait one sync. */
  #canCommitBeside(): boolean {
    const { isDue, length } = this.#filling
    if (!isDue || length === 0 || this.#underWay >= mostUnderWay) return false
    if (this.#queue.length > 0 || this.#wantsRoom || this.#isUntidy) return false
    return this.#writer.isReadyFor(this.#filling)
  }

  #commitBeside(): void {
    this.#underWay += 1
    this.#last = this.#commit(this.#takeFilling()).then(
      () => {
        this.#underWay -= 1
        if (this.#underWay === 0 || this.#filling.isDue) this.#goOn()
      },
      (error: unknown) => {
        this.#underWay -= 1
        this.#fail(error)
      },
    )
  }

  /** One thing after the other, until there is nothing to do. */
  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      await this.#last
      while (await this.#step()) await nextTurn()
    } catch (error) {
      this.#fail(error)
    }
    this.#isRunning = false
    this.#goOn()
  }

  /** With what came meanwhile; without any, the log rests. */
  #goOn(): void {
    if (this.#hasWork) this.wake()
    else this.#armTimers()
  }

  get #hasWork(): boolean {
    return this.#filling.isDue || this.#queue.length > 0 || this.#wantsRoom || this.#isUntidy
  }

  get #isUntidy(): boolean {
    return !this.#isEnding && this.#tidyingPauses === 0 && this.#parts.tidying.hasWork
  }

  /** One commit and one step of tidying; answers whether there may be more to do. */
  async #step(): Promise<boolean> {
    if (this.#wantsRoom) {
      this.#wantsRoom = false
      await this.#writer.retryRoom()
    }
    const isUntidy = this.#isUntidy
    const batch = this.#take(isUntidy)
    if (batch !== null) await this.#commit(batch)
    if (isUntidy) await this.#parts.tidying.step()
    // After a turn of the event loop, those who were just answered can join the next commit.
    return isUntidy || this.#queue.length > 0
  }

  /** @param isBusy the log has other work: then riders do not wait for a timer. */
  #take(isBusy: boolean): Batch | null {
    const queued = this.#queue.shift()
    if (queued !== undefined) return queued
    if (!this.#filling.isDue && !(isBusy && this.#filling.length > 0)) return null
    return this.#takeFilling()
  }

  #takeFilling(): Batch {
    const batch = this.#filling
    this.#filling = this.#spares.pop() ?? new Batch()
    return batch
  }

  async #commit(batch: Batch): Promise<void> {
    if (this.#writer.hasUnsyncedFor(this.#parts.internals.syncMs)) batch.wantsSync = true
    try {
      await this.#writer.commit(batch)
    } catch (error) {
      this.#parts.missed.takeOver(batch)
      throw error
    }
    batch.reset()
    if (this.#spares.length < mostUnderWay) this.#spares.push(batch)
  }

  #fail(error: unknown): void {
    this.#writer.fail(error)
    for (const batch of [...this.#queue, this.#filling]) {
      this.#parts.missed.takeOver(batch)
      batch.reject(() => this.#writer.writeError())
      batch.reset()
    }
    this.#queue = []
  }

  #armTimers(): void {
    const { riderMs, syncMs, roomRetryMs } = this.#parts.internals
    if (this.#filling.length > 0) this.#arm('rider', riderMs)
    if (this.#writer.hasUnsynced) this.#arm('sync', syncMs)
    if (this.#writer.health.state === 'full') this.#arm('room', roomRetryMs)
    if (this.#parts.segments.hasSpareWork) this.#armRest()
  }

  get #isBusy(): boolean {
    return this.#isScheduled || this.#isRunning || this.#underWay > 0
  }

  #arm(name: TimerName, ms: number): void {
    if (!this.#isBusy && !this.#isEnding) this.#timers.arm(name, ms)
  }

  #armRest(): void {
    if (!this.#timers.isArmed('rest')) this.#commitsAtRest = this.#writer.commits
    this.#arm('rest', restMs)
  }

  #rest(): void {
    if (this.#isBusy || this.#writer.commits !== this.#commitsAtRest) return this.#armTimers()
    if (this.#writer.health.state === 'ok') this.#parts.segments.rest(this.#parts.nextSequence())
  }

  #ring(name: TimerName): void {
    if (name === 'rest') return this.#rest()
    if (name === 'rider' && this.#filling.length === 0) return // went along with somebody else's commit
    if (name === 'room') this.#wantsRoom = true
    else this.#filling.isDue = true
    if (name === 'sync') this.#filling.wantsSync = true
    this.wake()
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
