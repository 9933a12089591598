/**
 * The keys in force in this process, and the job that has each:
 *
 *   claimed ─► stored ─► over ─► free
 *                         └────► kept in force until the window ends, with its entry unsettled, then free
 *
 * Each costs one entry here, however many jobs there are. One timer, for the first window that ends, and none
 * when no job that is over keeps its key.
 */
import type { Clock, Timer } from '../../kernel'
import type { Job } from '../job'
import type { EnqueuedJob } from '../task'
import { TimeHeap } from '../time-heap'
import type { UniqueKey } from './unique-key'

/** Windows ended per turn, so that a million that end together do not stall the event loop. */
const perTurn = 1_000

interface Holder {
  readonly job: EnqueuedJob
  /** Epoch milliseconds; see `UniqueKey`. */
  readonly until: number
  /** Over: only the window keeps the key. */
  isOver: boolean
  /** Settles, whatever the outcome, once the job is stored or not; `null` = it is stored. */
  storing: Promise<void> | null
  /** Ends `storing`. */
  stored: (() => void) | null
}

export interface UniqueKeysWorld {
  readonly clock: Clock
  /** The window has ended: the entry need not be kept any more. */
  readonly settle: (sequence: number) => void
}

export class UniqueKeys {
  readonly #world: UniqueKeysWorld
  readonly #holders = new Map<string, Holder>()
  /** Of jobs that are over: when their windows end and, by sequence, what ends then. */
  readonly #windows = new TimeHeap()
  readonly #ending = new Map<number, { readonly name: string; readonly settles: boolean }>()
  #timer: Timer | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #isClosed = false

  constructor(world: UniqueKeysWorld) {
    this.#world = world
  }

  get size(): number {
    return this.#holders.size
  }

  /** What an enqueue of this job would be answered now: the job that has its key, or `null`. */
  duplicateOf(job: Job): EnqueuedJob | null {
    const holder = job.unique === null ? undefined : this.#holders.get(nameOf(job, job.unique))
    return holder === undefined || this.#hasEnded(holder) ? null : { ...holder.job, duplicate: true }
  }

  /** Stores those of the jobs whose keys are free; of the others it answers the job that has the key. */
  async admit(
    jobs: readonly Job[],
    handleOf: (job: Job) => EnqueuedJob,
    store: (fresh: readonly Job[]) => Promise<void>,
  ): Promise<readonly EnqueuedJob[]> {
    for (let storing = this.storing(jobs); storing !== null; storing = this.storing(jobs)) await storing
    // Nothing is awaited between the question and the claim.
    const fresh: Job[] = []
    const handles = jobs.map((job) => {
      const handle = handleOf(job)
      const other = this.claim(job, handle)
      if (other === null) fresh.push(job)
      return other === null ? handle : { ...other, duplicate: true }
    })
    try {
      await store(fresh)
    } catch (error) {
      for (const job of fresh) this.dropped(job)
      throw error
    }
    for (const job of fresh) this.stored(job)
    return handles
  }

  /** Settles when the keys of these jobs that are just being stored are stored or not; `null` = there are none. */
  storing(jobs: readonly Job[]): Promise<void> | null {
    for (const job of jobs) {
      const storing = job.unique === null ? null : this.#holders.get(nameOf(job, job.unique))?.storing
      if (storing != null) return storing
    }
    return null
  }

  /** The job that has the key, or `null`; then the job has it, and `stored` or `dropped` follows. */
  claim(job: Job, handle: EnqueuedJob): EnqueuedJob | null {
    const { unique } = job
    if (unique === null) return null
    const name = nameOf(job, unique)
    const holder = this.#holders.get(name)
    if (holder !== undefined && !this.#hasEnded(holder)) return holder.job
    let stored: (() => void) | null = null
    const storing = new Promise<void>((resolve) => {
      stored = resolve
    })
    this.#holders.set(name, { job: handle, until: unique.until, isOver: false, storing, stored })
    return null
  }

  stored(job: Job): void {
    const holder = this.#holderOf(job)
    if (holder === null) return
    holder.stored?.()
    holder.storing = holder.stored = null
  }

  /** It could not be stored. */
  dropped(job: Job): void {
    const holder = this.#holderOf(job)
    if (holder === null || job.unique === null) return
    this.#holders.delete(nameOf(job, job.unique))
    holder.stored?.()
  }

  /**
   * A job found in the log, or attempted again after its death. Of two with one key, which logs of two processes can
   * hold, the first has it.
   */
  restore(job: Job): void {
    const { id, plan, runAt, unique } = job
    if (unique === null) return
    const name = nameOf(job, unique)
    const holder = this.#holders.get(name)
    if (holder !== undefined && holder.job.id !== id && !this.#hasEnded(holder)) return
    const handle = { id, task: plan.name, runAt, duplicate: false }
    this.#holders.set(name, { job: handle, until: unique.until, isOver: false, storing: null, stored: null })
  }

  /**
   * The job is over. Answers until when its key stays in force, or `null` when it is free.
   *
   * @param settles its entry is kept for the key alone, and is settled with it.
   */
  over(job: Job, settles: boolean): number | null {
    const holder = this.#holderOf(job)
    if (holder === null || job.unique === null) return null
    const name = nameOf(job, job.unique)
    if (holder.until <= this.#world.clock.now()) {
      this.#holders.delete(name)
      return null
    }
    holder.isOver = true
    this.#ending.set(job.sequence, { name, settles })
    this.#windows.push(holder.until, job.sequence)
    this.#arm()
    return holder.until
  }

  close(): void {
    this.#isClosed = true
    this.#disarm()
  }

  #holderOf(job: Job): Holder | null {
    if (job.unique === null) return null
    const holder = this.#holders.get(nameOf(job, job.unique))
    return holder?.job.id === job.id ? holder : null
  }

  #hasEnded(holder: Holder): boolean {
    return holder.isOver && holder.until <= this.#world.clock.now()
  }

  #arm(): void {
    const at = this.#windows.firstTime
    if (this.#isClosed || at >= this.#timerAt || at === Number.POSITIVE_INFINITY) return
    this.#disarm()
    this.#timerAt = at
    this.#timer = this.#world.clock.after(Math.max(0, at - this.#world.clock.now()), () => this.#expire())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  #expire(): void {
    this.#disarm()
    const now = this.#world.clock.now()
    for (let count = 0; count < perTurn && this.#windows.firstTime <= now; count++) {
      const sequence = this.#windows.take()
      const ending = this.#ending.get(sequence)
      // It died, was attempted again and was done within one window: that ends once.
      if (ending === undefined) continue
      const { name, settles } = ending
      this.#ending.delete(sequence)
      const holder = this.#holders.get(name)
      if (holder !== undefined && this.#hasEnded(holder)) this.#holders.delete(name)
      if (settles) this.#world.settle(sequence)
    }
    this.#arm()
  }
}

/** Keys of one task are nothing to another. */
function nameOf({ plan }: Job, { key }: UniqueKey): string {
  return `${plan.name}\n${key}`
}
