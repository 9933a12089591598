/** The line a request leaves in the log, through pino-http. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pinoHttp } from 'pino-http'
import type { PinoLogger } from './logger'

/** Starts the request's log: sets `req.log` and, when the response ends, writes one line. */
export type RequestLog = (req: IncomingMessage, res: ServerResponse, requestId: string) => void

/** What is known of a request when its line is written: made once per route, not per request. */
export interface RequestLogFields {
  /** Pattern of the owned route. */
  readonly route?: string
  readonly controller?: string
  readonly action?: string
  readonly arm: 'legacy' | 'rage'
}

/** Server errors are errors, client errors are the client's: a 404 must not page anybody. */
function levelOf(_req: IncomingMessage, res: ServerResponse, error?: Error): 'error' | 'info' {
  return res.statusCode >= 500 || error !== undefined ? 'error' : 'info'
}

/** @param fieldsOf asked when the line is written. */
export function createRequestLog(
  logger: PinoLogger,
  fieldsOf: (req: IncomingMessage) => RequestLogFields,
): RequestLog {
  const middleware = pinoHttp({
    logger,
    genReqId: (req) => req.id,
    customLogLevel: levelOf,
    quietReqLogger: true,
    // Else the fields known at the start stand in the line too, and its JSON has names twice.
    quietResLogger: true,
    customAttributeKeys: { reqId: 'requestId', responseTime: 'durationMs' },
    customProps: (req, res) => ({
      method: req.method,
      path: pathOf(req),
      status: res.statusCode,
      ...fieldsOf(req),
    }),
    customSuccessMessage: () => 'request completed',
    customErrorMessage: () => 'request failed',
    customErrorObject: (_req, res, _error, line) => {
      // pino-http makes one up where there is none, with a stack that leads to pino-http.
      if (res.err === undefined) delete line.err
      return line
    },
    serializers: { req: () => undefined, res: () => undefined },
  })
  return (req, res, requestId) => {
    req.id = requestId
    middleware(req, res)
  }
}

/** Without the query, which may hold secrets. `originalUrl` is Express's: `url` loses mount prefixes. */
function pathOf(req: IncomingMessage & { originalUrl?: string }): string {
  const url = req.originalUrl ?? req.url ?? '/'
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}
