/** The span of an owned route that somebody listens to. */
import { type ActionPlan, dispatch, type Exchange, PassOn } from '../controller'
import type { Request, Response } from '../http'
import type { SpanAttributes, SpanOutcome, SpanPoint } from '../telemetry'
import { callHandler } from './express-form'
import type { Done } from './host'
import type { Handler, OwnedRoute } from './owned-routes'

type Name = 'controller.action.process'
type Point = SpanPoint<Name>

/** Dispatches inside a span. A request that is passed on (`next('route')`) has not failed: its span ends without an error. */
export function dispatchInSpan(
  point: Point,
  fields: OwnedRoute['logFields'],
  { plan, exchange }: { readonly plan: ActionPlan; readonly exchange: Exchange },
): void | Promise<void> {
  const { req, res } = exchange
  return point.open(attributesOf(req, fields), (span) => {
    const fail = (error: unknown): void =>
      error instanceof PassOn ? span.end(null, passedOn) : span.end(error, answered(res))
    let dispatched: void | Promise<void>
    try {
      dispatched = dispatch(plan, exchange)
    } catch (error) {
      fail(error)
      throw error
    }
    if (dispatched === undefined) span.end(null, answered(res))
    else dispatched.then(() => span.end(null, answered(res)), fail)
    return dispatched
  })
}

/** Calls a handler in Express's form inside a span, which ends with the response, or when the request is passed on. */
export function callHandlerInSpan(
  point: Point,
  fields: OwnedRoute['logFields'],
  { handler, req, res, next }: { handler: Handler; req: Request; res: Response; next: Done },
): void {
  point.open(attributesOf(req, fields), (span) => {
    const close = (): void => span.end(null, answered(res))
    if (res.destroyed) close()
    else res.once('close', close)
    callHandler(handler, req, res, (error) => {
      const isFailure = Boolean(error) && error !== 'route' && error !== 'router'
      span.end(isFailure ? error : null, isFailure ? answered(res) : passedOn)
      next(error)
    })
  })
}

function attributesOf(req: Request, fields: OwnedRoute['logFields']): SpanAttributes[Name] {
  const { route, controller = null, action = null, arm } = fields
  return { method: req.method ?? 'GET', route, controller, action, arm }
}

const unanswered: SpanOutcome<Name> = Object.freeze({ status: null, isPassedOn: false })
const passedOn: SpanOutcome<Name> = Object.freeze({ status: null, isPassedOn: true })

function answered(res: Response): SpanOutcome<Name> {
  // A client that left before it was answered has no status.
  return res.headersSent ? { status: res.statusCode, isPassedOn: false } : unanswered
}
