/** The line a request leaves in the log, through pino-http. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pinoHttp } from 'pino-http'
import type { Context } from '../context'
import { giveWayToApp, hasGivenWay } from './app-logger'
import type { PinoLogger } from './logger'
import { setOwn } from './own-fields'
import { requestPathOf } from './serializers'

/** As pino-http declares it, of which users need not know. */
declare module 'node:http' {
  interface IncomingMessage {
    log: PinoLogger
  }
}

/** Starts the request's log: sets `req.log` and, when the response ends, writes one line. */
export type RequestLog = (req: IncomingMessage, res: ServerResponse, context: Context) => void

/** What is known of a request when its line is written: made once per route, not per request. */
export interface RequestLogFields {
  /** Pattern of the owned route. */
  readonly route?: string
  readonly controller?: string
  readonly action?: string
  readonly arm: 'legacy' | 'rage'
}

const isSilent = Symbol('rage.silent')

/** A response whose request leaves no line, such as that of a probe which asks every second. */
export function silenceRequest(res: ServerResponse): void {
  ;(res as { [isSilent]?: true })[isSilent] = true
}

/** Server errors are errors, client errors are the client's: a 404 must not page anybody. */
function levelOf(_req: IncomingMessage, res: ServerResponse, error?: Error): 'error' | 'info' | 'silent' {
  if ((res as { [isSilent]?: true })[isSilent] === true || hasGivenWay(res)) return 'silent'
  return res.statusCode >= 500 || error !== undefined ? 'error' : 'info'
}

/** Of a client that went before it had its answer, `finish` does not come. HTTP/2 knows only `writableEnded`. */
function isWhole(res: ServerResponse): boolean {
  return res.writableFinished ?? res.writableEnded
}

/** @param fieldsOf asked when the line is written. */
export function createRequestLog(
  logger: PinoLogger,
  fieldsOf: (req: IncomingMessage) => RequestLogFields,
): RequestLog {
  const lineOf = (req: IncomingMessage, res: ServerResponse, line: { durationMs?: unknown }): object => ({
    method: req.method,
    path: requestPathOf(req),
    // Until the head is sent the status is Node's own 200.
    status: res.headersSent ? res.statusCode : null,
    ...fieldsOf(req),
    durationMs: line.durationMs,
  })
  const middleware = pinoHttp({
    logger,
    genReqId: (req) => req.id,
    customLogLevel: levelOf,
    quietReqLogger: true,
    // Else the fields known at the start stand in the line too, and its JSON has names twice.
    quietResLogger: true,
    customAttributeKeys: { reqId: 'requestId', responseTime: 'durationMs' },
    customSuccessMessage: (_req, res) => (isWhole(res) ? 'request completed' : 'request aborted'),
    customErrorMessage: () => 'request failed',
    customSuccessObject: lineOf,
    customErrorObject: (req, res, _error, line) => ({
      ...lineOf(req, res, line),
      // pino-http makes one up where there is none, with a stack that leads to pino-http.
      ...(res.err === undefined ? null : { err: line.err }),
    }),
    wrapSerializers: false,
    serializers: { req: () => undefined, res: () => undefined },
  })
  return (req, res, context) => {
    req.id = context.requestId
    giveWayToApp(req, res)
    middleware(req, res)
    // The line is written when nobody's context is around, or somebody else's.
    setOwn(res.log, { tags: [], fields: null, context })
  }
}
