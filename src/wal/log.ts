/**
 * The log of this process. Everything accepted while a commit is in flight shares the next write and sync;
 * an idle log commits at the end of the current turn of the event loop. No timer delays anybody who waits.
 */
import { AsyncResource } from 'node:async_hooks'
import { Batch, type Waiters } from './batch'
import { bodyRoom } from './codec'
import type { Durability, Entry, EntryLog, LogHealth, NewRecord } from './contract'
import { InvalidRecordError, LogClosedError } from './errors'
import type { LogFolder } from './folders'
import { markType, maxBodyBytes, maxGroupBytes, recordBytes, recordFlag, role } from './format'
import type { Ledger } from './ledger'
import type { LogLock } from './lock'
import { readAgain } from './reading'
import type { Segments } from './segments'
import type { LogInternals, LogSettings } from './settings'
import { Tidying } from './tidying'
import { Writer } from './writer'

export interface LogParts {
  readonly folder: LogFolder
  readonly lock: LogLock
  readonly segments: Segments
  readonly ledger: Ledger
  readonly nextSequence: number
  readonly settings: LogSettings
  readonly internals: LogInternals
}

type TimerName = 'rider' | 'sync' | 'room'

/** The clock is not looked at for each record. */
const recordsPerLook = 8
/** Batches given to the committer and not yet done. */
const mostUnderWay = 4

const noBody = new Uint8Array(0)
const noEntries: readonly Entry[] = []

export class Log implements EntryLog {
  readonly id: string
  readonly #parts: LogParts
  readonly #writer: Writer
  readonly #tidying: Tidying
  #nextSequence: number
  #recovered = noEntries
  #closed: Promise<void> | null = null

  /** Takes records; full batches wait in `#queue`. */
  #filling = new Batch()
  #queue: Batch[] = []
  readonly #spares: Batch[] = []
  #wantsRoom = false

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
  readonly #timers: Record<TimerName, NodeJS.Timeout | null> = { rider: null, sync: null, room: null }

  constructor(parts: LogParts) {
    const { folder, segments, ledger, settings, internals } = parts
    this.id = folder.id
    this.#parts = parts
    this.#nextSequence = parts.nextSequence
    this.#writer = new Writer({
      path: folder.path,
      segments,
      ledger,
      committer: internals.committer,
      reserveBytes: internals.reserveBytes,
      logger: settings.logger,
      nextSequence: () => this.#nextSequence,
    })
    this.#tidying = new Tidying({ ...parts, writer: this.#writer })
  }

  get health(): LogHealth {
    return this.#writer.health
  }

  get recovered(): readonly Entry[] {
    const recovered = this.#recovered
    this.#recovered = noEntries
    return recovered
  }

  add(
    record: NewRecord,
    durability: Durability,
  ): { readonly sequence: number; readonly durable: Promise<void> } {
    const sequence = this.#nextSequence++
    return { sequence, durable: this.#append(role.add, sequence, record, durability) }
  }

  addAll(
    records: readonly NewRecord[],
    durability: Durability,
  ): { readonly sequences: readonly number[]; readonly durable: Promise<void> } {
    refuseInvalidGroup(records)
    const sequences = records.map(() => this.#nextSequence++)
    const refusal = this.#refusal(role.add)
    if (refusal !== null) return { sequences, durable: refused(refusal) }
    const batch = this.#open()
    for (const [i, record] of records.entries()) {
      put(
        batch,
        { role: role.add, flags: i < records.length - 1 ? recordFlag.more : 0, sequence: sequences[i]! },
        record,
      )
    }
    return { sequences, durable: this.#promise(batch, batch.adders, durability) }
  }

  note(sequence: number, record: NewRecord, durability: Durability): Promise<void> {
    return this.#append(role.note, sequence, record, durability)
  }

  settle(sequence: number, record: NewRecord, durability: Durability): Promise<void> {
    return this.#append(role.settle, sequence, record, durability)
  }

  read(sequences: readonly number[]): Promise<readonly Entry[]> {
    const { folder, ledger, settings } = this.#parts
    return readAgain(sequences, { folder, ledger, flush: () => this.flush(), logger: settings.logger })
  }

  flush(): Promise<void> {
    const refusal = this.#refusal(role.settle)
    if (refusal !== null) return refused(refusal)
    return this.#promise(this.#filling, this.#filling.others, 'sync')
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  // What boot needs beside the contract.

  /** A record of the log itself; on disk when the promise resolves. */
  mark(type: number, body: Uint8Array = noBody): Promise<void> {
    const batch = this.#open()
    put(batch, { role: role.mark, flags: 0, sequence: 0 }, { type, count: 0, time: 0, body })
    return this.#promise(batch, batch.others, 'sync')
  }

  /** Adds an entry of another log under a sequence of this one; it counts once the adoption is marked as over. */
  adopt(entry: Entry): { readonly adopted: Entry; readonly durable: Promise<void> } {
    const sequence = this.#nextSequence++
    const fields = { flags: recordFlag.adopted, sequence, origin: entry.sequence }
    const batch = this.#open()
    put(batch, { ...fields, role: role.add }, entry.added)
    if (entry.note !== null) put(batch, { ...fields, role: role.note }, entry.note)
    return { adopted: { ...entry, sequence }, durable: this.#promise(batch, batch.adders, 'sync') }
  }

  /** Makes the first segment. @throws the error of the file system. */
  begin(): Promise<void> {
    return this.#writer.begin()
  }

  /** The end of boot: `entries` is what the owner will find in `recovered`. */
  ready(entries: readonly Entry[]): void {
    this.#recovered = entries
    this.#schedule() // former processes may have left segments to tidy away
  }

  // Accepting.

  #append(kind: number, sequence: number, record: NewRecord, durability: Durability): Promise<void> {
    refuseInvalid(record)
    const refusal = this.#refusal(kind)
    if (refusal !== null) return refused(refusal)
    const batch = this.#open()
    put(batch, { role: kind, flags: 0, sequence }, record)
    return this.#promise(batch, kind === role.add ? batch.adders : batch.others, durability)
  }

  #refusal(kind: number): Error | null {
    if (this.#closed !== null) return new LogClosedError({ log: this.#parts.folder.path })
    const { state } = this.#writer.health
    if (state === 'failed') return this.#writer.writeError()
    return state === 'full' && kind === role.add ? this.#writer.fullError() : null
  }

  /** The batch that takes the next record. */
  #open(): Batch {
    if (this.#filling.length >= this.#parts.internals.batchBytes) {
      this.#queue.push(this.#filling)
      this.#filling = new Batch()
      this.#schedule()
    }
    return this.#filling
  }

  #promise(batch: Batch, waiters: Waiters, durability: Durability): Promise<void> {
    const promise = batch.promiseOf(waiters, durability)
    if (batch.isDue) {
      this.#schedule()
      this.#untilLook -= 1
      if (this.#untilLook <= 0) this.#look()
    } else this.#arm('rider', this.#parts.internals.riderMs)
    return promise
  }

  // Committing.

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#outside.runInAsyncScope(setImmediate, null, this.#turn)
  }

  readonly #turn = (): void => {
    this.#isScheduled = false
    if (this.#isRunning || this.#underWay >= mostUnderWay) return // its end comes by
    if (this.#canCommitBeside()) this.#commitBeside()
    else if (this.#hasWork) this.#running = this.#run()
    else this.#armTimers()
  }

  /**
   * In a long turn the disk need not wait for its end: a batch that gathered for as long as the disk needs for a
   * sync goes at once, and the next one is gathered meanwhile. On a slower disk the turn ends before, and the
   * whole turn shares one sync.
   */
  #look(): void {
    this.#untilLook = recordsPerLook
    const isOld =
      2 * (performance.now() - this.#filling.begunAt) >= this.#parts.internals.committer.lastSyncMs
    if (isOld && !this.#isRunning && this.#canCommitBeside())
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
    if (this.#hasWork) this.#schedule()
    else this.#armTimers()
  }

  get #hasWork(): boolean {
    return this.#filling.isDue || this.#queue.length > 0 || this.#wantsRoom || this.#isUntidy
  }

  get #isUntidy(): boolean {
    return this.#closed === null && this.#tidying.hasWork
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
    if (isUntidy) await this.#tidying.step()
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
    await this.#writer.commit(batch)
    batch.reset()
    if (this.#spares.length < mostUnderWay) this.#spares.push(batch)
  }

  #fail(error: unknown): void {
    this.#writer.fail(error)
    for (const batch of [...this.#queue, this.#filling]) {
      batch.reject(() => this.#writer.writeError())
      batch.reset()
    }
    this.#queue = []
  }

  async #close(): Promise<void> {
    const ended = this.health.state === 'failed' ? null : this.mark(markType.closed)
    // Whoever still waits is told by his own promise; a log that failed is closed all the same.
    await ended?.catch(() => {})
    await this.#last
    await this.#running
    for (const timer of Object.values(this.#timers)) if (timer !== null) clearTimeout(timer)
    // What had to be on disk was synced: an error of close() says nothing about it.
    await this.#parts.segments.close().catch(() => {})
    await this.#parts.internals.committer.close()
    this.#parts.lock.release()
  }

  // Timers are for an idle log; a busy one comes by anyway.

  #armTimers(): void {
    const { riderMs, syncMs, roomRetryMs } = this.#parts.internals
    if (this.#filling.length > 0) this.#arm('rider', riderMs)
    if (this.#writer.hasUnsynced) this.#arm('sync', syncMs)
    if (this.health.state === 'full') this.#arm('room', roomRetryMs)
  }

  get #isBusy(): boolean {
    return this.#isScheduled || this.#isRunning || this.#underWay > 0
  }

  #arm(name: TimerName, ms: number): void {
    if (this.#timers[name] !== null || this.#isBusy || this.#closed !== null) return
    this.#timers[name] = setTimeout(() => {
      this.#timers[name] = null
      this.#ring(name)
    }, ms)
    this.#timers[name].unref()
  }

  #ring(name: TimerName): void {
    if (name === 'rider' && this.#filling.length === 0) return // went along with somebody else's commit
    if (name === 'room') this.#wantsRoom = true
    else this.#filling.isDue = true
    if (name === 'sync') this.#filling.wantsSync = true
    this.#schedule()
  }
}

function put(
  batch: Batch,
  fields: { role: number; flags: number; sequence: number; origin?: number },
  record: NewRecord,
): void {
  batch.put({
    role: fields.role,
    type: record.type,
    flags: fields.flags,
    count: record.count,
    sequence: fields.sequence,
    time: record.time,
    origin: fields.origin ?? 0,
    body: record.body,
  })
}

function refuseInvalid({ type, body }: NewRecord): void {
  if (!(type >= 1 && type <= 127))
    throw new InvalidRecordError({ field: 'type', expected: '1 to 127', given: type })
  const given = bodyRoom(body)
  if (given > maxBodyBytes)
    throw new InvalidRecordError({ field: 'body', expected: `at most ${maxBodyBytes} bytes`, given })
}

function refuseInvalidGroup(records: readonly NewRecord[]): void {
  for (const record of records) refuseInvalid(record)
  if (groupBytes(records, bodyRoom) <= maxGroupBytes) return
  const given = groupBytes(records, (body) => Buffer.byteLength(body))
  if (given <= maxGroupBytes) return
  throw new InvalidRecordError({ field: 'group', expected: `at most ${maxGroupBytes} bytes`, given })
}

function groupBytes(records: readonly NewRecord[], lengthOf: (body: NewRecord['body']) => number): number {
  let bytes = 0
  for (const { body } of records) bytes += recordBytes(lengthOf(body))
  return bytes
}

/** Not everybody looks at the promise of a note; the log's health tells of it too. */
function refused(error: Error): Promise<void> {
  const promise = Promise.reject(error)
  promise.catch(() => {})
  return promise
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
