/** The span of an action that somebody listens to. */
import { type ActionPlan, dispatch, type Exchange, PassOn } from '../controller'
import type { SpanPoint } from '../telemetry'

/**
 * Dispatches inside a span. A request that is passed on (`next('route')`) has not failed: its span ends well, with the
 * attribute `passedOn`.
 *
 * @param facts `route`, `controller`, `action`, `arm`.
 */
export function dispatchInSpan(
  point: SpanPoint,
  facts: object,
  { plan, exchange }: { readonly plan: ActionPlan; readonly exchange: Exchange },
): void | Promise<void> {
  const attributes: Record<string, unknown> = { ...facts }
  const noteIfPassedOn = (error: unknown): PassOn => {
    if (!(error instanceof PassOn)) throw error
    attributes.passedOn = true
    return error
  }
  const running = point.run(attributes, () => {
    const dispatched = dispatch(plan, exchange)
    return dispatched instanceof Promise ? dispatched.catch(noteIfPassedOn) : undefined
  })
  return running?.then((end) => {
    if (end instanceof PassOn) throw end
  })
}
