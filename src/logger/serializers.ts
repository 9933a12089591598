/** How errors, requests and responses are written. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Stream } from 'node:stream'
import type { Redact } from './redaction'

export type Serializers = Record<'err' | 'req' | 'res', (value: unknown) => unknown>

/** @param serializeError pino's own, which writes on the error. */
export function createSerializers(
  serializeError: (error: Error) => unknown,
  redact: Redact | null,
): Serializers {
  const plainError = (error: unknown): unknown => {
    try {
      return serializeError(error as Error)
    } catch {
      // A frozen one refuses to be written on: a log line never fails.
      const { name, message, stack } = error as Error
      return { type: name, message, stack }
    }
  }
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
  return {
    // Errors of HTTP clients carry the headers they sent.
    err: (error) => {
      const shown = plainError(error)
      // One of the error's own would be written in its place, past what looks for secrets.
      if (shown !== error && isObject(shown) && 'toJSON' in shown) shown.toJSON = undefined
      return redact === null || !isObject(shown) ? shown : redact(shown, false)
    },
    req: (req) => (isObject(req) && 'socket' in req ? ofRequest(req as IncomingMessage) : req),
    // Also the response that a client got: written as it is, it would show its cookies.
    res: (res) =>
      isObject(res) && ('setHeader' in res || res instanceof Stream)
        ? { status: (res as ServerResponse).statusCode }
        : res,
  }
}

/** Neither headers nor the query: both may hold secrets. */
function ofRequest(req: IncomingMessage): object {
  return { id: (req as { id?: unknown }).id, method: req.method, path: requestPathOf(req) }
}

/** Without the query, which may hold secrets. `originalUrl` is Express's: `url` loses mount prefixes. */
export function requestPathOf(req: IncomingMessage & { originalUrl?: string }): string {
  const url = req.originalUrl ?? req.url ?? '/'
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}
