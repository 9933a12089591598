/**
 * Times of a cron expression. Seam for `croner`.
 *
 * When clocks change, as Vixie cron has it: fixed times (`30 2 * * *`, `0 2,14 * * *`) that do not exist fire once at the
 * first moment after the gap, those that come twice fire the first time only; what repeats (`0 * * * *`, a `*` or `/` in
 * seconds, minutes or hours) goes by the time that passes, so it fires in both passes of a repeated hour.
 */
import { Cron } from 'croner'
import { InvalidScheduleError } from '../errors'
import type { Times } from './times'

/**
 * @param timeZone IANA name, `null` = that of the process.
 * @throws InvalidScheduleError for an expression or a zone that means nothing, or that never fires.
 */
export function cronTimes(expression: string, timeZone: string | null, now: number): Times {
  const times = new CronTimes(parse(expression, timeZone))
  let first: number | null
  try {
    first = times.next(now)
  } catch (cause) {
    // Zones are only looked up when a time is asked for.
    throw new InvalidScheduleError(
      { given: expression, problem: `its time zone "${timeZone}" is not known` },
      { cause },
    )
  }
  if (first === null) throw new InvalidScheduleError({ given: expression, problem: 'it never fires' })
  return times
}

function parse(expression: string, timeZone: string | null): Cron {
  const zone = timeZone === null ? {} : { timezone: timeZone }
  try {
    // Its own default takes lists and ranges for what repeats: `0 2,14 * * *` would miss a time a year.
    return new Cron(expression, {
      ...zone,
      paused: true,
      mode: '5-or-6-parts',
      fixedTimeRule: 'no-wildcard',
    })
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : String(cause)
    throw new InvalidScheduleError({ given: expression, problem }, { cause })
  }
}

class CronTimes implements Times {
  readonly #cron: Cron

  constructor(cron: Cron) {
    this.#cron = cron
  }

  next(time: number): number | null {
    return this.#cron.nextRun(new Date(time))?.getTime() ?? null
  }

  latest(time: number): number | null {
    // Exclusive, and in whole seconds.
    const after = Math.floor(time / 1_000) * 1_000 + 1_000
    return this.#cron.previousRuns(1, new Date(after))[0]?.getTime() ?? null
  }
}
