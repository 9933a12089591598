/** One reporter of errors, with its promises watched: it may fail or hang, and it harms nobody by that. */
import { type Clock, isThenable, warnOnce } from '../kernel'
import type { ErrorAbout, ErrorFacts, ErrorReporter } from './error-reports'

/** Longer than this, and it is said to hang. */
const patienceMs = 10_000
/** Reports that one reporter may be at; with more, further errors are not told to it. */
const maxPending = 100

export class WatchedReporter {
  readonly name: string
  readonly #report: (error: unknown, facts: ErrorFacts, about: ErrorAbout) => unknown
  readonly #clock: Clock
  readonly #pending = new Set<Promise<void>>()

  constructor(reporter: ErrorReporter, clock: Clock) {
    this.#clock = clock
    if (typeof reporter === 'function') {
      this.name = reporter.name || 'without a name'
      this.#report = reporter
    } else {
      this.name = reporter.constructor?.name ?? 'Object'
      this.#report = (error, facts, about) => reporter.report(error, facts, about)
    }
  }

  tell(error: unknown, facts: ErrorFacts, about: ErrorAbout): void {
    if (this.#pending.size >= maxPending) return this.#complainOfPace()
    try {
      const answer = this.#report(error, facts, about)
      // Inside: also to look at what it answered may throw.
      if (isThenable(answer)) this.#watch(answer)
    } catch (failure) {
      this.#complain(failure)
    }
  }

  /** Resolves when all that was told has been reported, or could not be. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }

  get pending(): number {
    return this.#pending.size
  }

  #watch(answer: PromiseLike<unknown>): void {
    const timer = this.#clock.after(patienceMs, () => this.#complainOfTime())
    const end = Promise.resolve(answer)
      .then(
        () => undefined,
        (failure: unknown) => this.#complain(failure),
      )
      .then(() => {
        timer.cancel()
        this.#pending.delete(end)
      })
    this.#pending.add(end)
  }

  #complain(failure: unknown): void {
    const { name } = this
    warnOnce(
      'RAGE_W044',
      `The error reporter ${name} failed: ${told(failure)}. What it was told is in the log; other reporters were told too.`,
      name,
    )
  }

  #complainOfTime(): void {
    const { name } = this
    warnOnce(
      'RAGE_W045',
      `The error reporter ${name} has not finished after 10 seconds. Nothing waits for it; what it was told is in the log.`,
      name,
    )
  }

  #complainOfPace(): void {
    const { name } = this
    warnOnce(
      'RAGE_W046',
      `The error reporter ${name} has 100 reports under way: until it finishes some, further errors are only logged.`,
      name,
    )
  }
}

function told(failure: unknown): string {
  try {
    return failure instanceof Error ? failure.message : String(failure)
  } catch {
    return 'it threw what cannot be read'
  }
}
