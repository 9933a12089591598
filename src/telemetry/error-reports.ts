/** Failures that no caller sees: of jobs, subscribers, channels. Each is logged once and handed to every reporter. */
import { showable } from '../kernel'
import type { ErrorLog } from './error-log'

/** What is known about a failure besides the error. */
export type ErrorFacts = Readonly<Record<string, unknown>>

/** Receives every reported error, such as a Sentry client. What it throws is logged and goes no further. */
export type ErrorReporter = (error: unknown, facts: ErrorFacts) => void | Promise<void>

export class ErrorReports {
  readonly #logger: ErrorLog
  readonly #reporters: ErrorReporter[] = []
  readonly #seen = new WeakSet<object>()

  constructor(logger: ErrorLog) {
    this.#logger = logger
  }

  /** Adds a reporter; any time. */
  register(reporter: ErrorReporter): void {
    this.#reporters.push(reporter)
  }

  /** Logs the error and tells every reporter; the same error object is reported once. Never throws. */
  report(error: unknown, facts: ErrorFacts = {}): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#seen.has(error)) return
      this.#seen.add(error)
    }
    const shown = showable(error)
    this.#logger.error({ err: shown, ...facts }, messageOf(shown))
    for (const reporter of this.#reporters) void this.#tell(reporter, error, facts)
  }

  async #tell(reporter: ErrorReporter, error: unknown, facts: ErrorFacts): Promise<void> {
    try {
      await reporter(error, facts)
    } catch (failure) {
      this.#logger.error({ err: failure }, 'an error reporter failed')
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
