/**
 * Failures of requests that are handed on to the host. Whether one is worth a report shows when the response is over: an error
 * middleware of the app may know it, and make it a 404.
 */
import { type Context, runInContext } from '../context'
import type { Response } from '../http'
import { RageError, showable } from '../kernel'
import type { ErrorFacts, ErrorReports } from '../telemetry'

/** The request that failed. */
export interface FailedRequest {
  readonly context: Context
  /** The line of the request shows `res.err`. */
  readonly hasLine: boolean
  readonly facts: ErrorFacts
}

export class RequestFailures {
  readonly #errors: ErrorReports
  /** The last failure of each response that is not over. */
  readonly #open = new WeakMap<Response, unknown>()

  constructor(errors: ErrorReports) {
    this.#errors = errors
  }

  /** Reports `failure` once the response is over, if it was answered as a server error or not at all. */
  watch(res: Response, failure: unknown, request: FailedRequest): void {
    const isWatched = this.#open.has(res)
    this.#open.set(res, failure)
    if (isWatched) return
    const over = (): void => {
      res.off('finish', over)
      res.off('close', over)
      this.#over(res, this.#open.get(res), request)
    }
    // Gone already: there will be no event.
    if (res.destroyed || res.writableFinished) return this.#over(res, failure, request)
    // Before the line of the request is written.
    res.prependListener('finish', over)
    res.prependListener('close', over)
  }

  #over(res: Response, failure: unknown, { context, hasLine, facts }: FailedRequest): void {
    const { statusCode } = res
    const status = res.headersSent ? statusCode : (statusOf(failure) ?? 500)
    if (status < 500) {
      // The app has dealt with it: the line is that of any client error.
      if (hasLine) res.err = undefined
      return
    }
    if (failure instanceof RageError && failure.status === 503) return
    const isInLine = hasLine && res.err === showable(failure)
    runInContext(context, () => this.#errors.reportOnce(failure, { ...facts, status }, !isInLine))
  }
}

function statusOf(failure: unknown): number | null {
  const { status } = Object(showable(failure)) as { status?: unknown }
  return typeof status === 'number' ? status : null
}
