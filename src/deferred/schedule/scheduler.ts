/**
 * Fires schedules: makes a job when the time of one has come. Of all processes of a host that share a folder one
 * does it, the one that has the seat; the others ask for it once a second and have it as soon as that process is gone.
 * Without schedules nothing is armed. How a slot is fired neither twice nor never: firings.ts.
 */
import type { Clock, Timer } from '../../kernel'
import type { Logger } from '../../logger'
import type { ErrorReports } from '../../telemetry'
import type { Seat } from '../../wal'
import type { Job } from '../job'
import type { TaskPlan } from '../task-plan'
import { Firings, type Slot } from './firings'
import type { Times } from './times'

export interface Schedule {
  readonly name: string
  readonly times: Times
  readonly plan: TaskPlan
  readonly args: unknown
  readonly catchesUp: boolean
}

export interface SchedulerWorld {
  readonly clock: Clock
  readonly logger: Logger
  readonly errors: ErrorReports
  readonly seat: Pick<Seat, 'take' | 'read' | 'write' | 'release'>
  /** Adds a job to the log; `null` = a job with the same unique key is there. It does not run yet. */
  readonly add: (schedule: Schedule, slot: Slot) => Promise<Job | null>
  /** The job may run. */
  readonly place: (job: Job) => void
  /** The job must not run. */
  readonly drop: (job: Job) => void
}

/** Pause between attempts to have the seat, and after an error. */
const seekMs = 1_000
const againMs = 5_000
/** The wall clock is read again after this: it may have been set. */
const longestSleepMs = 60_000
/** Not later than this is in time. */
const inTimeMs = 30_000

export class Scheduler {
  readonly #world: SchedulerWorld
  readonly #schedules: readonly Schedule[]
  #firings: Firings | null = null
  /** The file was not written for it, or perhaps it was: read again before anything fires. */
  #unsure: Job | null = null
  #timer: Timer | null = null
  #working: Promise<void> = Promise.resolve()
  #hasEnded = false

  constructor(schedules: readonly Schedule[], world: SchedulerWorld) {
    this.#schedules = schedules
    this.#world = world
  }

  start(): void {
    if (this.#schedules.length > 0) this.#work()
  }

  /** Fires nothing any more; resolves when the seat is free for another process. */
  async end(): Promise<void> {
    this.#hasEnded = true
    this.#timer?.cancel()
    await this.#working
    this.#world.seat.release()
  }

  #work(): void {
    this.#working = this.#step().then(
      (sleepMs) => this.#sleep(sleepMs),
      (error: unknown) => {
        this.#world.errors.report(error, { schedules: this.#schedules.length })
        this.#sleep(againMs)
      },
    )
  }

  #sleep(ms: number): void {
    if (!this.#hasEnded) this.#timer = this.#world.clock.after(ms, () => this.#work())
  }

  /** Answers after how long there is something to do again. */
  async #step(): Promise<number> {
    if (this.#firings === null && !(await this.#sit())) return seekMs
    for (const schedule of this.#schedules) if (!this.#hasEnded) await this.#fireIfDue(schedule)
    return this.#untilNext()
  }

  async #sit(): Promise<boolean> {
    const { clock, logger, seat } = this.#world
    if (!(await seat.take())) return false
    const firings = this.#read(await seat.read())
    this.#decide(firings)
    const strangers = this.#schedules.filter(({ name }) => firings.untilOf(name) === null)
    for (const { name } of strangers) firings.pass(name, clock.now())
    if (strangers.length > 0) await seat.write(firings.text)
    this.#firings = firings
    logger.info({ schedules: this.#schedules.map(({ name }) => name) }, 'this process fires schedules')
    return true
  }

  /** A file that cannot be read is begun anew: to miss a time is better than never to fire again. */
  #read(text: string | null): Firings {
    try {
      return Firings.from(text)
    } catch (error) {
      this.#world.errors.report(error, { schedules: this.#schedules.length })
      return Firings.from(null)
    }
  }

  #decide(firings: Firings): void {
    const job = this.#unsure
    if (job === null) return
    this.#unsure = null
    if (firings.isOrphan(job.links!.slot!, job.id)) this.#world.drop(job)
    else this.#world.place(job)
  }

  async #fireIfDue(schedule: Schedule): Promise<void> {
    const { clock, logger } = this.#world
    const firings = this.#firings!
    const now = clock.now()
    const at = schedule.times.latest(now)
    if (at === null || at <= firings.untilOf(schedule.name)!) return
    if (schedule.catchesUp || now - at <= inTimeMs) return this.#fire(schedule, at, firings)
    firings.pass(schedule.name, at)
    logger.warn({ schedule: schedule.name, at }, 'a schedule has missed its time')
  }

  async #fire(schedule: Schedule, at: number, before: Firings): Promise<void> {
    const { logger, add, place, seat } = this.#world
    const job = await add(schedule, { schedule: schedule.name, at })
    const firings = Firings.from(before.text)
    if (job === null) firings.pass(schedule.name, at)
    else firings.fire(schedule.name, at, job.id)
    try {
      await seat.write(firings.text)
    } catch (error) {
      this.#firings = null
      this.#unsure = job
      seat.release()
      throw error
    }
    this.#firings = firings
    logger.info({ schedule: schedule.name, at, job: job?.id ?? null }, 'schedule fired')
    if (job !== null) place(job)
  }

  #untilNext(): number {
    const now = this.#world.clock.now()
    let next = now + longestSleepMs
    for (const { times } of this.#schedules) next = Math.min(next, times.next(now) ?? next)
    return next - now
  }
}
