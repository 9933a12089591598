/**
 * Which slots have fired, and with which jobs: `schedules.json` in the folder of the logs, written by the process that
 * fires.
 *
 *     {"v":1,"schedules":{"nightly":{"until":1763694000000,"fired":[[1763694000000,"mjx2k9aq7f3c:000000017"]]}}}
 *
 * A slot is fired in three steps, each on disk before the next:
 *
 *   1. its job is added to the log, and does not run yet
 *   2. slot and job are written here: now the slot has fired
 *   3. the job may run
 *
 * When the process dies after 1, the job is in its log and not here: whoever takes over that log drops it, and
 * whoever fires next makes another. When it dies after 2, the job is here: it runs from the log. So a slot is
 * neither lost nor fired twice, whichever comes first.
 */

/** One time of one schedule; a job that was made for it says so in its record. */
export interface Slot {
  readonly schedule: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** Jobs remembered per schedule: more than can fire while the log of a dead process waits to be taken over. */
const remembered = 32

interface Fired {
  /** Slots up to this time have fired, were skipped, or lie before the schedule was known. */
  readonly until: number
  /** The last slots and their jobs, the newest last. */
  readonly fired: readonly (readonly [at: number, job: string])[]
}

export class Firings {
  readonly #schedules: Map<string, Fired>

  private constructor(schedules: Map<string, Fired>) {
    this.#schedules = schedules
  }

  /** @param text `null` = nothing has ever fired. @throws Error when it is not a file of ours. */
  static from(text: string | null): Firings {
    if (text === null) return new Firings(new Map())
    const { v, schedules } = JSON.parse(text) as { v?: unknown; schedules?: Record<string, Fired> }
    if (v !== 1 || typeof schedules !== 'object')
      throw new Error(`its format version is ${String(v)}, known is 1`)
    return new Firings(new Map(Object.entries(schedules)))
  }

  get text(): string {
    return JSON.stringify({ v: 1, schedules: Object.fromEntries(this.#schedules) })
  }

  /** `null` = the schedule is new. */
  untilOf(schedule: string): number | null {
    return this.#schedules.get(schedule)?.until ?? null
  }

  /** Slots up to `until` will not fire. */
  pass(schedule: string, until: number): void {
    this.#schedules.set(schedule, { until, fired: this.#schedules.get(schedule)?.fired ?? [] })
  }

  fire(schedule: string, at: number, job: string): void {
    const fired = [...(this.#schedules.get(schedule)?.fired ?? []), [at, job] as const].slice(-remembered)
    this.#schedules.set(schedule, { until: at, fired })
  }

  /** The job was made for a slot that has not fired with it: it must not run. */
  isOrphan(slot: Slot, jobId: string): boolean {
    const known = this.#schedules.get(slot.schedule)
    // The file was lost: better a job too many than one too few.
    if (known === undefined) return false
    if (known.fired.some(([, job]) => job === jobId)) return false
    const [oldest] = known.fired
    // Too old to be told by what is remembered.
    return known.fired.length < remembered || slot.at >= oldest![0]
  }
}
