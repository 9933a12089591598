/** The schedules of one runtime: declared before boot, checked at once, fired from serve() on. */
import { type Clock, Registry, resolveOptions } from '../../kernel'
import { Seat } from '../../wal'
import type { TaskPlan } from '../task-plan'
import { cronTimes } from './cron'
import { Firings } from './firings'
import { intervalTimes } from './interval'
import { OwnSeat } from './own-seat'
import { type EveryOptions, everyOptions, type ScheduleOptions, scheduleOptions } from './schedule-options'
import { type Schedule, Scheduler, type SchedulerWorld } from './scheduler'
import type { Times } from './times'

export interface SchedulesWorld extends Pick<SchedulerWorld, 'scope' | 'logger' | 'errors'> {
  readonly clock: Clock
  /** Folder of the logs; left out = what has fired is forgotten with the process. */
  readonly folder?: string
}

export class Schedules {
  readonly #world: SchedulesWorld
  readonly #seat: SchedulerWorld['seat']
  readonly #schedules = new Registry<Schedule>('schedule')
  #scheduler: Scheduler | null = null

  constructor(world: SchedulesWorld) {
    this.#world = world
    this.#seat = world.folder === undefined ? new OwnSeat() : new Seat(world.folder, 'schedules.json')
  }

  /** @throws InvalidScheduleError, DuplicateNameError, RegistrationClosedError, UnknownOptionError, InvalidOptionError */
  cron(expression: string, plan: TaskPlan, args: unknown, options: ScheduleOptions | undefined): void {
    const { timeZone, ...rest } = resolveOptions(scheduleOptions, options, `${plan.name} schedule`)
    const zone = options?.timeZone === undefined ? null : timeZone
    this.#add(cronTimes(expression, zone, this.#world.clock.now()), plan, args, rest, options)
  }

  /** @throws as `cron` */
  every(interval: string, plan: TaskPlan, args: unknown, options: EveryOptions | undefined): void {
    const settings = resolveOptions(everyOptions, options, `${plan.name} schedule`)
    this.#add(intervalTimes(interval), plan, args, settings, options)
  }

  /** None may follow. @param check throws when a job of the schedule could not be stored. */
  close(check: (schedule: Schedule) => void): void {
    this.#schedules.close()
    for (const schedule of this.#schedules.values()) check(schedule)
  }

  /** What has fired by now, for jobs that are found in a log; a file that cannot be read lets all of them run. */
  async fired(): Promise<Firings> {
    try {
      return Firings.from(await this.#seat.read())
    } catch (error) {
      this.#world.errors.report(error)
      return Firings.from(null)
    }
  }

  start(jobs: Pick<SchedulerWorld, 'through' | 'add' | 'place' | 'drop'>): void {
    this.#scheduler = new Scheduler([...this.#schedules.values()], {
      ...this.#world,
      ...jobs,
      seat: this.#seat,
    })
    this.#scheduler.start()
  }

  /** Resolves when another process may fire. Any number of times. */
  async end(): Promise<void> {
    await this.#scheduler?.end()
  }

  #add(
    times: Times,
    plan: TaskPlan,
    args: unknown,
    { catchUp, name }: Required<EveryOptions>,
    given: EveryOptions | undefined,
  ): void {
    const named = given?.name === undefined ? plan.name : name
    this.#schedules.add(named, { name: named, times, plan, args, catchesUp: catchUp === 'once' })
  }
}
