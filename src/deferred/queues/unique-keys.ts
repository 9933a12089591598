/**
 * The keys in force in this process, and the jobs that have a claim to each:
 *
 *   claimed ─► stored ─► over ─► free
 *                         └────► kept in force until the window ends, with its entry unsettled, then free
 *
 * Each job with a key costs one claim here, however many jobs there are. Logs of two processes can hold two jobs with one
 * key: the first has it, and leaves it to the next. One timer, for the first window that ends, and none when no job that
 * is over keeps its key.
 */
import type { Clock, Timer } from '../../kernel'
import { PushTimeoutError } from '../errors'
import type { Job } from '../job'
import type { EnqueuedJob } from '../task'
import { TimeHeap } from '../time-heap'
import type { UniqueKey } from './unique-key'

/** Windows ended per turn, so that a million that end together do not stall the event loop. */
const perTurn = 1_000

interface Claim {
  readonly job: EnqueuedJob
  /** Epoch milliseconds; see `UniqueKey`. */
  readonly until: number
  /** Over: only the window keeps the key. */
  isOver: boolean
  /** Resolves once the job is stored or not, with the error when there was no room in time; `null` = it is stored. */
  storing: Promise<PushTimeoutError | null> | null
  /** Ends `storing`. */
  stored: ((late: PushTimeoutError | null) => void) | null
  /** Of another job with this key: it has the key after this one. */
  next: Claim | null
}

interface Ending {
  readonly name: string
  readonly until: number
  readonly settles: boolean
}

export interface UniqueKeysWorld {
  readonly clock: Clock
  /** The window has ended: the entry need not be kept any more. */
  readonly settle: (sequence: number) => void
}

export class UniqueKeys {
  readonly #world: UniqueKeysWorld
  /** The first of each key has it. */
  readonly #claims = new Map<string, Claim>()
  /** Of jobs that are over: when their windows end and, by sequence, what ends then. */
  readonly #windows = new TimeHeap()
  readonly #ending = new Map<number, Ending>()
  #timer: Timer | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #isClosed = false

  constructor(world: UniqueKeysWorld) {
    this.#world = world
  }

  get size(): number {
    return this.#claims.size
  }

  /** What an enqueue of this job would be answered now: the job that has its key, or `null`. */
  duplicateOf(job: Job): EnqueuedJob | null {
    const holder = job.unique === null ? null : this.#holderOf(nameOf(job, job.unique))
    return holder === null ? null : { ...holder.job, duplicate: true }
  }

  /** Stores those of the jobs whose keys are free; of the others it answers the job that has the key. */
  async admit(
    jobs: readonly Job[],
    handleOf: (job: Job) => EnqueuedJob,
    store: (fresh: readonly Job[]) => Promise<void>,
  ): Promise<readonly EnqueuedJob[]> {
    for (let storing = this.storing(jobs); storing !== null; storing = this.storing(jobs)) {
      const late = await storing
      // Its turn would begin only now, after those who waited with it: nobody waits for longer than one timeout.
      if (late !== null) throw new PushTimeoutError(late.facts, { cause: late })
    }
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
      const late = error instanceof PushTimeoutError ? error : null
      for (const job of fresh) this.dropped(job, late)
      throw error
    }
    for (const job of fresh) this.stored(job)
    return handles
  }

  /** Resolves when a key of these jobs that is just being stored is stored or not; `null` = there are none. */
  storing(jobs: readonly Job[]): Promise<PushTimeoutError | null> | null {
    for (const job of jobs) {
      const storing = job.unique === null ? null : this.#claims.get(nameOf(job, job.unique))?.storing
      if (storing != null) return storing
    }
    return null
  }

  /** The job that has the key, or `null`; then the job has it, and `stored` or `dropped` follows. */
  claim(job: Job, handle: EnqueuedJob): EnqueuedJob | null {
    const { unique } = job
    if (unique === null) return null
    const name = nameOf(job, unique)
    const holder = this.#holderOf(name)
    if (holder !== null) return holder.job
    let stored: Claim['stored'] = null
    const storing = new Promise<PushTimeoutError | null>((resolve) => {
      stored = resolve
    })
    this.#claims.set(name, { job: handle, until: unique.until, isOver: false, storing, stored, next: null })
    return null
  }

  stored(job: Job): void {
    const claim = this.#claimOf(job)
    if (claim === null) return
    claim.stored?.(null)
    claim.storing = claim.stored = null
  }

  /** It could not be stored, or was taken back. */
  dropped(job: Job, late: PushTimeoutError | null = null): void {
    const claim = this.#claimOf(job)
    if (claim === null) return
    this.#remove(nameOf(job, job.unique!), claim)
    claim.stored?.(late)
  }

  /** A job found in the log, or attempted again after its death. */
  restore(job: Job): void {
    const { id, plan, runAt, unique } = job
    if (unique === null) return
    const known = this.#claimOf(job)
    if (known !== null) {
      known.isOver = false
      return
    }
    const handle = { id, task: plan.name, runAt, duplicate: false }
    const until = unique.until
    const claim: Claim = { job: handle, until, isOver: false, storing: null, stored: null, next: null }
    const name = nameOf(job, unique)
    let last = this.#claims.get(name)
    if (last === undefined) {
      this.#claims.set(name, claim)
      return
    }
    while (last.next !== null) last = last.next
    last.next = claim
  }

  /** Until when the job would keep its key in force if it were over now; `null` = not at all. */
  windowOf(job: Job): number | null {
    const claim = this.#claimOf(job)
    return claim === null || claim.until <= this.#world.clock.now() ? null : claim.until
  }

  /** Until when the key of a job that is over needs its entry; `null` = not at all. */
  windowAt(sequence: number): number | null {
    return this.#ending.get(sequence)?.until ?? null
  }

  /** The entry is needed for nothing but the key any more, and settled with it; at once where the window has ended. */
  settleWithKey(sequence: number): void {
    const ending = this.#ending.get(sequence)
    if (ending === undefined) this.#world.settle(sequence)
    else this.#ending.set(sequence, { ...ending, settles: true })
  }

  /**
   * The job is over. Answers until when it keeps its key in force, or `null` when it does not.
   *
   * @param settles its entry is kept for the key alone, and is settled with it.
   */
  over(job: Job, settles: boolean): number | null {
    const claim = this.#claimOf(job)
    if (claim === null) return null
    const name = nameOf(job, job.unique!)
    if (claim.until <= this.#world.clock.now()) {
      this.#remove(name, claim)
      return null
    }
    claim.isOver = true
    this.#ending.set(job.sequence, { name, until: claim.until, settles })
    this.#windows.push(claim.until, job.sequence)
    this.#arm()
    return claim.until
  }

  close(): void {
    this.#isClosed = true
    this.#disarm()
  }

  #claimOf(job: Job): Claim | null {
    if (job.unique === null) return null
    let claim = this.#claims.get(nameOf(job, job.unique)) ?? null
    while (claim !== null && claim.job.id !== job.id) claim = claim.next
    return claim
  }

  /** Who has the key now. */
  #holderOf(name: string): Claim | null {
    const now = this.#world.clock.now()
    for (;;) {
      const claim = this.#claims.get(name)
      if (claim === undefined) return null
      if (!claim.isOver || claim.until > now) return claim
      this.#remove(name, claim)
    }
  }

  #remove(name: string, claim: Claim): void {
    let before = this.#claims.get(name) ?? null
    if (before === claim) {
      if (claim.next === null) this.#claims.delete(name)
      else this.#claims.set(name, claim.next)
      return
    }
    while (before !== null && before.next !== claim) before = before.next
    if (before !== null) before.next = claim.next
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
      this.#holderOf(name)
      if (settles) this.#world.settle(sequence)
    }
    this.#arm()
  }
}

/** Keys of one task are nothing to another. */
function nameOf({ plan }: Job, { key }: UniqueKey): string {
  return `${plan.name}\n${key}`
}
