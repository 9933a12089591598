/** Errors of requests: what a client did wrong, with the status that tells it so. */
import { defineError } from '../kernel'

/** The body says it is JSON and is not. */
export class MalformedBodyError extends defineError('RAGE_HTTP_MALFORMED_BODY', {
  status: 400,
  what: (f: { type: string }) => `The request body is not valid ${f.type}.`,
  fix: 'Send a well-formed body, or none.',
}) {
  /** The name body-parser gives this fault, which error middleware of Express apps looks for. */
  readonly type = 'entity.parse.failed'
}

/** The body is larger than `http.bodyLimitBytes`. */
export class BodyTooLargeError extends defineError('RAGE_HTTP_BODY_TOO_LARGE', {
  status: 413,
  what: (f: { limitBytes: number }) => `The request body is larger than ${f.limitBytes} bytes.`,
  fix: 'Send less, or raise http.bodyLimitBytes.',
}) {
  /** The name body-parser gives this fault. */
  readonly type = 'entity.too.large'
}

/** The body has a charset or content encoding that is not read here. */
export class UnsupportedBodyError extends defineError('RAGE_HTTP_UNSUPPORTED_BODY', {
  status: 415,
  what: (f: { what: string; given: string }) =>
    `The ${f.what} "${f.given}" of the request body is not supported.`,
  fix: 'Send UTF-8 without content encoding, or parse the body in a middleware before the mount.',
}) {}

/** The client went away before the body was complete. */
export class AbortedBodyError extends defineError('RAGE_HTTP_ABORTED_BODY', {
  status: 400,
  what: (_: object) => 'The request ended before its body was complete.',
  fix: 'Nothing was done; the client may send it again.',
}) {}

/** An earlier middleware began to read the body and has not finished: waiting for the rest could last for ever. */
export class BodyTakenError extends defineError('RAGE_HTTP_BODY_TAKEN', {
  what: (f: { url: string }) => `Another middleware is reading the body of ${f.url}.`,
  fix: 'Let it call next() only when it has set req.body, or mount Rage before it.',
}) {}

/** Parameters are nested deeper than `http.maxDepth`. */
export class ParamsTooDeepError extends defineError('RAGE_HTTP_PARAMS_TOO_DEEP', {
  status: 400,
  what: (f: { maxDepth: number }) => `The parameters are nested deeper than ${f.maxDepth} levels.`,
  fix: 'Send flatter data, or raise http.maxDepth.',
}) {}

/** A status was given that does not exist. */
export class UnknownStatusError extends defineError('RAGE_HTTP_UNKNOWN_STATUS', {
  what: (f: { given: unknown; hint: string }) => `${JSON.stringify(f.given)} is not an HTTP status.${f.hint}`,
  fix: 'Use a number from 100 to 999 or a name such as "not_found".',
}) {}
