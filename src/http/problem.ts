/** Errors as documents that programs can read. Source: RFC 9457, `application/problem+json`. */
import { STATUS_CODES } from 'node:http'
import { RageError } from '../kernel'
import { type Status, statusCode } from './status'

export const problemType = 'application/problem+json; charset=utf-8'

/** Members of a problem document; further ones are its extensions. */
export interface ProblemOptions {
  /** Default 500. */
  readonly status?: Status
  /** A URI that names the kind of problem. Default: left out, which means `about:blank`. */
  readonly type?: string
  /** The same for every problem of its kind. Default: the phrase of the status. */
  readonly title?: string
  /** What happened this time. Clients read it: no internals. */
  readonly detail?: string
  /** A URI that names this occurrence. */
  readonly instance?: string
  readonly [extension: string]: unknown
}

export interface ProblemDocument extends Omit<ProblemOptions, 'status'> {
  readonly title: string
  readonly status: number
}

/** @throws UnknownStatusError */
export function problemDocument({ status = 500, type, title, ...members }: ProblemOptions): ProblemDocument {
  const code = statusCode(status)
  return {
    ...(type === undefined ? null : { type }),
    title: title ?? STATUS_CODES[code] ?? 'Unknown Error',
    status: code,
    ...members,
  }
}

/**
 * The document of an error: status, phrase and code; the message only of errors that are the client's doing and
 * meant for it, as `http-errors` marks them. `null` for what is not meant for clients: 500 and above, no status.
 */
export function problemOf(error: unknown): ProblemOptions | null {
  const { status, expose, message, code } = Object(error) as Record<string, unknown>
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 499) return null
  const isForClient = expose === true && typeof message === 'string'
  return {
    status,
    ...(error instanceof RageError ? { code } : null),
    ...(isForClient ? { detail: message } : null),
  }
}
