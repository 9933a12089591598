/**
 * The segment after the present one, made ahead of need. Writing its zeros takes the disk's time from commits,
 * three times as long each while it lasts (bench/jobs.mjs): so they are written while the log rests, or else in
 * small steps, in step with how the present segment fills.
 */
import { close, open, statfsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encodeSegmentHeader } from './codec'
import type { Committer } from './commit'

const openFile = promisify(open)
const closeFile = promisify(close)

/** Commits get in between two steps. */
const zeros = Buffer.alloc(128 * 1024)
/** Under a name that no boot takes for a segment. */
const nextName = 'next'

/** A segment that is ready to be written, but for its name. */
export interface MadeSegment {
  readonly number: number
  readonly file: number
  readonly bytes: number
  readonly path: string
}

export interface SegmentPlan {
  readonly number: number
  /** Size of the file. */
  readonly bytes: number
  /** See the header in format.ts. */
  readonly nextSequence: number
}

export interface NextSegmentSettings {
  readonly folder: string
  readonly logId: string
  /** Fills new segments with zeros: beside the commits, which must not wait for that. */
  readonly filler: Committer
}

export class NextSegment {
  readonly #settings: NextSegmentSettings
  #making: Promise<MadeSegment | null> | null = null
  /** What that failed with. */
  #failure: unknown = null
  /** Somebody waits for it. */
  #isAwaited = false
  /** Share of it that may be written by now; 1 = all. */
  #allowed = 0
  #isUnwanted = false
  #goOn: (() => void) | null = null

  constructor(settings: NextSegmentSettings) {
    this.#settings = settings
  }

  get isBegun(): boolean {
    return this.#making !== null
  }

  /** Nothing keeps it from being written. */
  get isFree(): boolean {
    return this.#allowed >= 1
  }

  /** Errors are for whoever takes it. */
  begin(plan: SegmentPlan): void {
    this.#allowed = 0
    this.#isAwaited = false
    this.#failure = null
    this.#making = this.#make(plan, true).catch((error: unknown) => {
      this.#failure = error
      return null
    })
  }

  /** How much of it may be written until more is allowed; 1 = all. */
  allow(share: number): void {
    this.#allowed = share
    this.#goOn?.()
  }

  /** What was begun, as soon as the disk can, or what that failed with; `made` is `null` when nothing was begun. */
  async take(): Promise<{ readonly made: MadeSegment | null; readonly failure: unknown }> {
    this.#isAwaited = true
    this.allow(1)
    const made = await this.#making
    const failure = this.#failure
    this.#making = this.#failure = null
    return { made, failure }
  }

  /** Without waiting for anything. @throws the error of the file system. */
  make(plan: SegmentPlan): Promise<MadeSegment> {
    return this.#make(plan, false)
  }

  /** Leaves nothing of what was begun. */
  async discard(): Promise<void> {
    this.#isUnwanted = true
    const { made } = await this.take()
    if (made === null) return
    await closeFile(made.file)
    await rm(made.path, { force: true })
  }

  async #make({ number, bytes, nextSequence }: SegmentPlan, isPaced: boolean): Promise<MadeSegment> {
    const { folder, logId } = this.#settings
    if (!hasRoomFor(folder, bytes)) throw outOfRoom(folder, bytes)
    const path = join(folder, nextName)
    const file = await openFile(path, 'w+')
    try {
      const header = encodeSegmentHeader({ segment: number, logId, nextSequence, createdAt: Date.now() })
      for (let position = 0; position < bytes; position += zeros.length) {
        if (isPaced) await this.#untilAllowed(position / bytes)
        const part = zeros.subarray(0, Math.min(zeros.length, bytes - position))
        // Whoever waits is served by one sync at the end, and is told soonest that there is no room.
        await this.#fill(file, part, position, isPaced && !this.#isAwaited)
      }
      await this.#fill(file, header, 0, true)
    } catch (error) {
      await closeFile(file).catch(() => {})
      await rm(path, { force: true }).catch(() => {})
      throw error
    }
    return { number, file, bytes, path }
  }

  async #untilAllowed(share: number): Promise<void> {
    while (!this.isFree && share >= this.#allowed) {
      await new Promise<void>((resolve) => {
        this.#goOn = resolve
      })
    }
    this.#goOn = null
    if (this.#isUnwanted) throw new Error('the log was closed')
  }

  #fill(file: number, bytes: Uint8Array, position: number, sync: boolean): Promise<void> {
    const task = { file, bytes, salt: null, position, sync, place: null, written: null }
    return this.#settings.filler.commit(task)
  }
}

/**
 * Asked on the event loop, where it takes microseconds: a disk that is full is known as such also while libuv's pool is
 * busy, and before it is filled to the last byte. Says yes where the file system does not know.
 */
function hasRoomFor(folder: string, bytes: number): boolean {
  const { blocks, bfree, bsize } = statfsSync(folder)
  return blocks === 0 || bfree * bsize >= bytes
}

function outOfRoom(folder: string, bytes: number): NodeJS.ErrnoException {
  const error = new Error(`ENOSPC: no space left on device, ${bytes} bytes in '${folder}'`)
  return Object.assign(error, { code: 'ENOSPC', syscall: 'statfs' })
}
