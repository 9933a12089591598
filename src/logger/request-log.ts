/** The line a request leaves in the log, through pino-http. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { pino } from 'pino'
import { pinoHttp } from 'pino-http'

/** Starts the request's log: sets `req.log` and, when the response ends, writes one line. */
export type RequestLog = (req: IncomingMessage, res: ServerResponse, requestId: string) => void

/** What other rooms may add to the line while the request runs; filled in by the dispatcher. */
export interface RequestLogFields {
  route?: string
  controller?: string
  action?: string
  arm?: string
}

const extras = new WeakMap<IncomingMessage, RequestLogFields>()

/** Adds fields to the line of this request. */
export function describeRequest(req: IncomingMessage, fields: RequestLogFields): void {
  extras.set(req, fields)
}

/** Server errors are errors, client errors are the client's: a 404 must not page anybody. */
function levelOf(_req: IncomingMessage, res: ServerResponse, error?: Error): 'error' | 'info' {
  return res.statusCode >= 500 || error !== undefined ? 'error' : 'info'
}

/** `msg` is the method and path; everything else is a field. */
export function createRequestLog(logger: pino.Logger): RequestLog {
  const middleware = pinoHttp({
    logger,
    genReqId: (req) => req.id,
    customLogLevel: levelOf,
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'requestId', responseTime: 'durationMs' },
    customProps: (req, res) => ({
      method: req.method,
      path: pathOf(req),
      status: res.statusCode,
      ...extras.get(req),
    }),
    customSuccessMessage: () => 'request completed',
    customErrorMessage: () => 'request failed',
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
