/**
 * Failures that no caller sees: of requests, jobs, subscribers, channels, schedules. Each is logged once and handed to every
 * reporter once. Reporting never throws, never waits and never leads to a report of its own.
 */
import {
  Context,
  type ContextKind,
  currentContext,
  deriveContext,
  runInContext,
  type Trace,
  wholeOf,
} from '../context'
import {
  type Clock,
  createService,
  type DrainReport,
  InvalidOptionError,
  isThenable,
  Scope,
  type Service,
  showable,
  systemClock,
  warnOnce,
} from '../kernel'
import type { ErrorLog } from './error-log'
import { KnownErrors } from './known-errors'
import { WatchedReporter } from './reporter'

/** What is known about a failure besides the error: `task`, `subscriber`, `route`, and whatever else is said of it. */
export interface ErrorFacts {
  readonly [fact: string]: unknown
  /** Anything of the application's own. */
  readonly context?: Readonly<Record<string, unknown>>
  /** The work went on in spite of it. @defaultValue `false` */
  readonly handled?: boolean
  /** @defaultValue `'error'`, or `'warning'` when it was handled */
  readonly severity?: Severity
}

export type Severity = 'error' | 'warning' | 'info'

/** Where it happened. */
export interface ErrorAbout {
  readonly handled: boolean
  readonly severity: Severity
  /** Of the unit of work, as its log lines have it; `null` = outside of any. */
  readonly requestId: string | null
  readonly kind: ContextKind | null
  /** Of the unit's log lines. */
  readonly tags: readonly string[]
  /** Ids of the trace, for a tracker that links to it; `null` = outside of any unit of work. */
  readonly trace: Trace | null
}

/** Receives every reported error, such as a Sentry client. What it throws is warned about and goes no further. */
export type ErrorReporter =
  | ((error: unknown, facts: ErrorFacts, about: ErrorAbout) => unknown)
  | { report(error: unknown, facts: ErrorFacts, about: ErrorAbout): unknown }

/** Who reports while an error is reported. */
type Origin = 'reporter' | 'logger'

export interface ErrorReportsOptions {
  readonly clock?: Clock
  /** Of the runtime, for reports outside of any unit of work. */
  readonly scope?: Scope
}

export class ErrorReports {
  /** Drained last: it waits for reporters that are still at work. @internal */
  readonly service: Service
  readonly #logger: ErrorLog
  readonly #clock: Clock
  readonly #reporters = new Set<WatchedReporter>()
  readonly #known = new KnownErrors()
  /** Contexts made here, for what happens while an error is reported. */
  readonly #origins = new WeakMap<Context, Origin>()
  #scope: Scope | null
  #isLogging = false

  constructor(logger: ErrorLog, { clock = systemClock, scope }: ErrorReportsOptions = {}) {
    this.#logger = logger
    this.#clock = clock
    this.#scope = scope ?? null
    this.service = createService('errors', { drain: (deadline) => this.#drain(deadline) })
  }

  /** Adds a reporter; any time. @returns takes it away again. @throws InvalidOptionError */
  register(reporter: ErrorReporter): () => void {
    if (!isReporter(reporter)) {
      const expected = 'a function, or an object with a method report'
      throw new InvalidOptionError({ option: 'rage.errors.register', expected, given: reporter })
    }
    const watched = new WatchedReporter(reporter, this.#clock)
    this.#reporters.add(watched)
    return () => void this.#reporters.delete(watched)
  }

  /** Logs the error and tells every reporter; one failure is reported once, whoever reports it again. Never throws. */
  report(error: unknown, facts: ErrorFacts = {}): void {
    // From JavaScript facts may be anything, and this is where errors end.
    this.reportOnce(error, facts ?? {}, true)
  }

  /**
   * As `report`.
   *
   * @param logs `false`: it stands in the log already.
   * @returns whether it was news. @internal
   */
  reportOnce(error: unknown, facts: ErrorFacts, logs: boolean): boolean {
    const context = currentContext()
    const from = context === null ? undefined : this.#origins.get(wholeOf(context))
    // The logger reports that it cannot log.
    if (this.#isLogging || from === 'logger') return false
    const handled = facts.handled === true
    if (!this.#known.add(error, handled, context)) return false
    const severity = severityOf(facts.severity, handled)
    if (logs || from === 'reporter') this.#log(showable(error), facts, severity, context)
    // What goes wrong in a reporter is logged; told to reporters, it would go round for ever.
    if (this.#reporters.size === 0 || from === 'reporter') return true
    const about = new About(context, handled, severity)
    runInContext(this.#inside(context, 'reporter'), () => {
      for (const reporter of this.#reporters) reporter.tell(error, facts, about)
    })
    return true
  }

  /**
   * Runs `work`; what it throws is reported as handled and goes no further.
   *
   * @returns what `work` returns, or `fallback` (called, if it is a function).
   */
  handle<T, F = undefined>(
    work: () => T,
    options: ErrorFacts & { readonly fallback?: F | (() => F) } = {},
  ): T | F | (T extends PromiseLike<unknown> ? Promise<Awaited<T> | F> : never) {
    const { fallback, ...facts } = options
    const instead = (error: unknown): F => {
      this.report(error, { handled: true, ...facts })
      return typeof fallback === 'function' ? (fallback as () => F)() : (fallback as F)
    }
    return guarded(work, instead) as T | F
  }

  /** Runs `work`; what it throws is reported and thrown again. Whoever catches it further out reports nothing new. */
  record<T>(work: () => T, facts: ErrorFacts = {}): T {
    return guarded(work, (error): never => {
      this.report(error, facts)
      throw error
    }) as T
  }

  #log(shown: unknown, facts: ErrorFacts, severity: Severity, context: Context | null): void {
    const level = severity === 'warning' ? 'warn' : severity
    this.#isLogging = true
    try {
      const write = (): void => this.#logger[level]({ err: shown, ...facts }, messageOf(shown))
      // Outside of any unit of work a line has no id.
      if (context === null) write()
      else runInContext(this.#inside(context, 'logger'), write)
    } catch (failure) {
      warnOnce('RAGE_W047', `A reported error could not be logged: ${messageOf(showable(failure))}`)
    } finally {
      this.#isLogging = false
    }
  }

  /** A context of its own, in which a report is known to come from a reporter or a logger. */
  #inside(context: Context | null, origin: Origin): Context {
    const inside =
      context === null
        ? new Context({ kind: 'task', scope: (this.#scope ??= new Scope('errors')) })
        : deriveContext(context, context.kind)
    this.#origins.set(inside, origin)
    return inside
  }

  async #drain(deadline: AbortSignal): Promise<DrainReport> {
    const waiting = [...this.#reporters].filter(({ pending }) => pending > 0)
    if (waiting.length > 0 && !deadline.aborted) {
      const late = new Promise<void>((resolve) => {
        deadline.addEventListener('abort', () => resolve(), { once: true })
      })
      await Promise.race([Promise.all(waiting.map((reporter) => reporter.settled())), late])
    }
    const left = waiting.filter(({ pending }) => pending > 0)
    return { finished: 0, abandoned: left.map(({ name, pending }) => `error reports to ${name}: ${pending}`) }
  }
}

class About implements ErrorAbout {
  readonly handled: boolean
  readonly severity: Severity
  readonly requestId: string | null
  readonly kind: ContextKind | null
  readonly tags: readonly string[]
  readonly #context: Context | null

  constructor(context: Context | null, handled: boolean, severity: Severity) {
    this.handled = handled
    this.severity = severity
    this.requestId = context?.requestId ?? null
    this.kind = context?.kind ?? null
    this.tags = context?.tags ?? []
    this.#context = context
  }

  /** Made when asked for: most units of work have none. */
  get trace(): Trace | null {
    return this.#context?.trace ?? null
  }
}

/** What `work` answers, or `failed` with what it throws or rejects with. */
function guarded(work: () => unknown, failed: (error: unknown) => unknown): unknown {
  let answer: unknown
  try {
    answer = work()
  } catch (error) {
    return failed(error)
  }
  return isThenable(answer) ? answer.then((value) => value, failed) : answer
}

/** From JavaScript it may be anything; what is unknown counts as the worst. */
function severityOf(given: unknown, handled: boolean): Severity {
  if (given === undefined || given === null) return handled ? 'warning' : 'error'
  return given === 'warning' || given === 'info' ? given : 'error'
}

function isReporter(reporter: unknown): boolean {
  if (typeof reporter === 'function') return true
  return typeof reporter === 'object' && reporter !== null && 'report' in reporter
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
