/**
 * An application with its own pino-http keeps its own `req.log` and its own line. One in front of us has made both when we
 * come: its lines are given our request id. One behind us keeps the `req.log` that it finds, and adds its own to the list
 * `allLogs` (since 8.3): that list is ours, and hands `req.log` over.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { complainOf } from './line-fields'
import type { PinoLogger } from './logger'

/** What an application may have put on a request: loggers of pino and winston have `child`. */
interface Named {
  readonly id?: unknown
  readonly allLogs?: readonly unknown[]
  log?: {
    child?(fields: object): unknown
    bindings?(): { readonly requestId?: unknown }
    setBindings?(fields: object): void
  } | null
}

/** Lines of the application's `req.log` carry our id, unless theirs is the same or they have one by that name. */
export function nameAppLines(req: IncomingMessage, requestId: string): void {
  const named = req as Named
  const { id, log, allLogs } = named
  try {
    if (!log || id === requestId || log.bindings?.().requestId !== undefined) return
    // Of pino-http it belongs to this request alone, and writes its line as well.
    if (allLogs?.includes(log) === true) log.setBindings?.({ requestId })
    else if (log.child !== undefined) named.log = log.child({ requestId }) as typeof log
  } catch (error) {
    complainOf('req.log of the application', error)
  }
}

/** To be called before the first logger is made for the request. */
export function giveWayToApp(req: IncomingMessage, res: ServerResponse): void {
  req.allLogs = new RequestLogs(req, res)
}

/** Whether the application's own pino-http has come behind, and writes the line. */
export function hasGivenWay(res: ServerResponse): boolean {
  return res.allLogs.length > 1
}

class RequestLogs extends Array<PinoLogger> {
  static override readonly [Symbol.species] = Array
  readonly #req: IncomingMessage
  readonly #res: ServerResponse

  constructor(req: IncomingMessage, res: ServerResponse) {
    super()
    this.#req = req
    this.#res = res
  }

  /** pino-http has done the same for the response before. */
  override push(logger: PinoLogger): number {
    if (this.length === 1) {
      this.#req.log = logger
      this.#res.log = this.#res.allLogs.at(-1)!
    }
    return super.push(logger)
  }
}
