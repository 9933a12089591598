/** What spans say of errors. */
import type { Api, Span } from './api'

/** Of few values: the name of the error's class. */
export function errorType(error: unknown): string {
  return error instanceof Error ? error.name || error.constructor.name : typeof error
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Marks `span` as failed, with the error as an event of it. */
export function fail(api: Api, span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : messageOf(error))
  span.setAttribute('error.type', errorType(error))
  span.setStatus({ code: api.SpanStatusCode.ERROR, message: messageOf(error) })
}
