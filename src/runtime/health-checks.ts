/**
 * Checks of the application: run when a probe asks, each at most once at a time, its result good for a second however many
 * probes there are. One that does not come back counts as failed, and is not run again until it does.
 */
import {
  type Clock,
  DuplicateNameError,
  defineOptions,
  flag,
  InvalidOptionError,
  type Resolved,
  resolveOptions,
  showable,
  wholeNumber,
} from '../kernel'
import type { Logger } from '../logger'

/** Throws, rejects or answers `false` when something is wrong. `signal` aborts when its time is over. */
export type HealthCheck = (signal: AbortSignal) => unknown

export interface CheckOptions {
  /** Time a check may take, in ms. @defaultValue `2_000` */
  timeoutMs?: number
  /** It fails `rage.live()` too: the process is to be restarted. @defaultValue `false` */
  live?: boolean
}

export const checkOptions = defineOptions<CheckOptions>({
  timeoutMs: wholeNumber({ default: 2_000, min: 1, max: 60_000 }),
  live: flag(false),
})

/** What a failed check says. */
export interface CheckProblem {
  readonly code: string
  readonly message: string
}

/** For this long a result is not asked for again. */
const freshMs = 1_000

interface World {
  readonly clock: Clock
  readonly logger: Logger
}

export class HealthChecks {
  readonly #world: World
  readonly #checks = new Map<string, Check>()

  constructor(world: World) {
    this.#world = world
  }

  /** @throws DuplicateNameError, InvalidOptionError, UnknownOptionError */
  add(name: string, check: HealthCheck, options?: CheckOptions): void {
    if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) {
      const expected = 'a name of letters, digits, "_", "-" and "."'
      throw new InvalidOptionError({ option: 'rage.health.check', expected, given: name })
    }
    if (typeof check !== 'function') {
      throw new InvalidOptionError({
        option: `rage.health.check("${name}")`,
        expected: 'a function',
        given: check,
      })
    }
    if (this.#checks.has(name)) throw new DuplicateNameError({ kind: 'health check', name })
    const settings = resolveOptions(checkOptions, options, 'rage.health.check')
    this.#checks.set(name, new Check(name, check, settings, this.#world))
  }

  /** Whether there is nothing to wait for. */
  isEmpty(onlyLive: boolean): boolean {
    if (!onlyLive) return this.#checks.size === 0
    return ![...this.#checks.values()].some(({ isLive }) => isLive)
  }

  /** What is wrong, in the order the checks were added. Never rejects. */
  async problems(onlyLive: boolean): Promise<readonly CheckProblem[]> {
    const checks = [...this.#checks.values()].filter(({ isLive }) => isLive || !onlyLive)
    const found = await Promise.all(checks.map((check) => check.problem()))
    return found.filter((problem) => problem !== null)
  }
}

class Check {
  readonly isLive: boolean
  readonly #name: string
  readonly #check: HealthCheck
  readonly #timeoutMs: number
  readonly #world: World
  #run: Promise<string | null> | null = null
  /** What was wrong the last time, or `null`. */
  #last: string | null = null
  #goodUntil = Number.NEGATIVE_INFINITY

  constructor(name: string, check: HealthCheck, settings: Resolved<CheckOptions>, world: World) {
    this.#name = name
    this.#check = check
    this.#timeoutMs = settings.timeoutMs
    this.isLive = settings.live
    this.#world = world
  }

  async problem(): Promise<CheckProblem | null> {
    const isFresh = this.#world.clock.monotonic() < this.#goodUntil
    const message = isFresh ? this.#last : await (this.#run ?? this.#begin())
    return message === null ? null : { code: `check.${this.#name}`, message }
  }

  #begin(): Promise<string | null> {
    const { clock } = this.#world
    const overtime = new AbortController()
    const answer = this.#ask(overtime.signal)
    this.#run = new Promise((resolve) => {
      const timer = clock.after(this.#timeoutMs, () => {
        const message = `it has not answered within ${this.#timeoutMs} ms`
        overtime.abort(new Error(message))
        resolve(message)
      })
      void answer.then((message) => {
        timer.cancel()
        resolve(message)
      })
    }).then((message) => this.#note(message as string | null))
    // Whoever asks meanwhile hears how it ended; a new run only once this one is really over.
    void answer.then(() => {
      this.#run = null
    })
    return this.#run
  }

  async #ask(signal: AbortSignal): Promise<string | null> {
    try {
      return (await this.#check(signal)) === false ? 'it answered false' : null
    } catch (error) {
      const shown = showable(error)
      return shown instanceof Error ? shown.message : String(shown)
    }
  }

  /** A line when it fails and when it works again, not for each probe. */
  #note(message: string | null): string | null {
    const { clock, logger } = this.#world
    const check = this.#name
    if (message !== null && this.#last === null)
      logger.warn({ check, problem: message }, 'a health check fails')
    if (message === null && this.#last !== null) logger.info({ check }, 'a health check succeeds again')
    this.#last = message
    this.#goodUntil = clock.monotonic() + freshMs
    return message
  }
}
