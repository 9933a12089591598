/**
 * Fires schedules: makes a job when the time of one has come. Of all processes of a host that share a folder one
 * does it, the one that has the seat; the others ask for it once a second and have it as soon as that process is gone.
 * Without schedules nothing is armed. How a slot is fired neither twice nor never: firings.ts.
 *
 * Each time of a schedule is a unit of work of its own: lines, reports, enqueue middleware and the job have its request id.
 */
import { Context, ownRequestId, runInContext, runOutside } from '../../context'
import type { Clock, Scope, Timer } from '../../kernel'
import type { Logger } from '../../logger'
import type { ErrorReports } from '../../telemetry'
import type { Seat } from '../../wal'
import { DrainingError, StuckScheduleError } from '../errors'
import type { Job } from '../job'
import type { EnqueuingJob } from '../middleware'
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
  readonly scope: Scope
  readonly logger: Logger
  readonly errors: ErrorReports
  readonly seat: Pick<Seat, 'take' | 'read' | 'write' | 'release'>
  /** Runs `make` inside the layers of enqueue middleware; answers whether they went on to it. */
  readonly through: (schedule: Schedule, make: (draft: EnqueuingJob) => Promise<void>) => Promise<boolean>
  /** Adds a job to the log; `null` = a job with the same unique key is there. It does not run yet. */
  readonly add: (schedule: Schedule, slot: Slot, draft: EnqueuingJob) => Promise<Job | null>
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
/** Layers of enqueue middleware that have not gone on by then are left: other schedules wait for their turn. */
const patienceMs = 10_000

export class Scheduler {
  readonly #world: SchedulerWorld
  readonly #schedules: readonly Schedule[]
  #firings: Firings | null = null
  /** The file was not written for it, or perhaps it was: read again before anything fires. */
  #unsure: Job | null = null
  #timer: Timer | null = null
  #working: Promise<void> = Promise.resolve()
  /** Gives up waiting for layers of the application's own. */
  #leave: (() => void) | null = null
  #hasEnded = false

  constructor(schedules: readonly Schedule[], world: SchedulerWorld) {
    this.#schedules = schedules
    this.#world = world
  }

  start(): void {
    // Whoever made the runtime boot is not who fires.
    if (this.#schedules.length > 0) runOutside(() => this.#work())
  }

  /** Fires nothing any more; resolves when the seat is free for another process. */
  async end(): Promise<void> {
    this.#hasEnded = true
    this.#timer?.cancel()
    this.#leave?.()
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
    let isDone = true
    for (const schedule of this.#schedules) {
      const at = this.#dueTime(schedule)
      if (at !== null && !(await this.#tick(schedule, at))) isDone = false
    }
    return isDone ? this.#untilNext() : againMs
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

  /** `null` = nothing is due, or this process does not fire any more. */
  #dueTime({ name, times }: Schedule): number | null {
    const firings = this.#firings
    if (this.#hasEnded || firings === null) return null
    const at = times.latest(this.#world.clock.now())
    return at === null || at <= firings.untilOf(name)! ? null : at
  }

  /** The unit of work of one time. Never rejects: what fails is reported, and the next schedule has its turn. */
  async #tick(schedule: Schedule, at: number): Promise<boolean> {
    const { scope, errors } = this.#world
    const context = new Context({ kind: 'schedule', scope, requestId: ownRequestId() })
    const isDone = await runInContext(context, async () => {
      try {
        return await this.#fire(schedule, at)
      } catch (error) {
        errors.report(error, { schedule: schedule.name, at })
        return false
      }
    })
    context.closed = true
    return isDone
  }

  /** Answers whether the time needs nothing more. */
  async #fire(schedule: Schedule, at: number): Promise<boolean> {
    const { clock, logger, through } = this.#world
    const { name, plan, catchesUp } = schedule
    if (!catchesUp && clock.now() - at > inTimeMs) {
      this.#firings!.pass(name, at)
      logger.warn({ schedule: name, at }, 'a schedule has missed its time')
      return true
    }
    let making: Promise<void> | null = null
    let stuck: StuckScheduleError | null = null
    const make = (draft: EnqueuingJob): Promise<void> => {
      const refusal = this.#hasEnded ? new DrainingError({ task: plan.name }) : stuck
      if (refusal !== null) return Promise.reject(refusal)
      making = this.#make(schedule, at, draft)
      return making
    }
    const patience = clock.after(patienceMs, () => {
      if (making === null) stuck = new StuckScheduleError({ schedule: name, seconds: patienceMs / 1_000 })
      this.#leave?.()
    })
    let wentOn: boolean | null
    try {
      wentOn = await this.#unlessLeft(through(schedule, make))
    } finally {
      patience.cancel()
      // Under way at the end, or a layer did not wait for it, or did not look whether it failed.
      await making
    }
    if (stuck !== null) throw stuck
    if (wentOn === false) await this.#passed(schedule, at, null)
    return wentOn !== null || making !== null
  }

  /** `null` = what layers of the application still do is nobody's: they take too long, or this process fires no more. */
  #unlessLeft(layers: Promise<boolean>): Promise<boolean | null> {
    return new Promise<boolean | null>((resolve, reject) => {
      this.#leave = () => resolve(null)
      layers.then(resolve, reject)
    }).finally(() => {
      this.#leave = null
    })
  }

  async #make(schedule: Schedule, at: number, draft: EnqueuingJob): Promise<void> {
    const job = await this.#world.add(schedule, { schedule: schedule.name, at }, draft)
    await this.#passed(schedule, at, job)
  }

  /** Writes down that the time has fired, with `job` or, where that is `null`, with none. */
  async #passed({ name }: Schedule, at: number, job: Job | null): Promise<void> {
    const { logger, place, seat } = this.#world
    const firings = Firings.from(this.#firings!.text)
    if (job === null) firings.pass(name, at)
    else firings.fire(name, at, job.id)
    try {
      await seat.write(firings.text)
    } catch (error) {
      this.#firings = null
      this.#unsure = job
      seat.release()
      throw error
    }
    this.#firings = firings
    logger.info({ schedule: name, at, job: job?.id ?? null }, 'schedule fired')
    if (job !== null) place(job)
  }

  #untilNext(): number {
    const now = this.#world.clock.now()
    let next = now + longestSleepMs
    for (const { times } of this.#schedules) next = Math.min(next, times.next(now) ?? next)
    return next - now
  }
}
