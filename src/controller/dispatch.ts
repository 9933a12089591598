/**
 * Runs one action and writes what it rendered.
 *
 * Hot path: bench/dispatch.mjs. Callbacks, inheritance and rescues were settled by compilePlan() at boot;
 * nothing here may consult options.
 */
import { send } from '../http'
import { isThenable } from '../kernel'
import type { Controller } from './controller'
import { discardRendered } from './discard-rendered'
import type { Exchange } from './exchange'
import { PassOn } from './middleware'
import { type ActionPlan, halted } from './plan'

/**
 * Returns when the response is written, or a promise of that.
 *
 * @throws what nothing rescues; a `PassOn`, when a middleware hands the request back to the host.
 */
export function dispatch(plan: ActionPlan, exchange: Exchange): void | Promise<void> {
  exchange.wrap = plan.wrap
  const controller = new plan.controller(exchange, plan.action)
  try {
    const value = plan.run(controller)
    if (isThenable(value)) return finishLater(plan, controller, exchange, value)
    const sending = finish(plan, controller, exchange, value)
    if (sending !== undefined) return orRescue(plan, controller, exchange, sending)
  } catch (error) {
    return rescue(plan, controller, exchange, error)
  }
}

async function finishLater(
  plan: ActionPlan,
  controller: Controller,
  exchange: Exchange,
  value: Promise<unknown>,
): Promise<void> {
  try {
    await finish(plan, controller, exchange, await value)
  } catch (error) {
    return rescue(plan, controller, exchange, error)
  }
}

async function orRescue(
  plan: ActionPlan,
  controller: Controller,
  exchange: Exchange,
  sending: Promise<void>,
): Promise<void> {
  try {
    await sending
  } catch (error) {
    return rescue(plan, controller, exchange, error)
  }
}

/** @returns a promise for a body that writes itself. */
function finish(
  plan: ActionPlan,
  controller: Controller,
  exchange: Exchange,
  value: unknown,
): void | Promise<void> {
  const { res } = exchange
  // Answered directly, through Express's own methods or Node's.
  if (res.headersSent || res.writableEnded) {
    discardRendered(controller)
    if (plan.appendsInfo) appendInfo(controller, exchange)
    return
  }
  if (exchange.logins !== null) return finishBehindLogin(plan, controller, exchange, value)
  if (controller.rendered === null) {
    if (value === undefined || value === halted) controller.head(204)
    else controller.render({ json: value })
  }
  if (plan.appendsInfo) appendInfo(controller, exchange)
  exchange.saveSession()
  return send(exchange.req, res, controller.rendered!, exchange.settings)
}

/** A login that nobody waits for may still refuse, and then nothing of the action may be seen. */
async function finishBehindLogin(
  plan: ActionPlan,
  controller: Controller,
  exchange: Exchange,
  value: unknown,
): Promise<void> {
  await exchange.settleLogins(true)
  await finish(plan, controller, exchange, value)
}

async function rescue(
  plan: ActionPlan,
  controller: Controller,
  exchange: Exchange,
  thrown: unknown,
): Promise<void> {
  let error = thrown
  if (exchange.logins !== null && !exchange.res.headersSent) {
    try {
      // Whoever is not let in does not learn what went wrong behind the door.
      if (await exchange.settleLogins(true)) {
        exchange.logger.debug({ err: thrown }, 'An action ended early behind a login that was refused.')
        return await finish(plan, controller, exchange, undefined)
      }
    } catch (failure) {
      error = failure
    }
  }
  discardRendered(controller)
  // What is half sent cannot be answered otherwise, and what is passed on is not ours any more.
  const isOver = exchange.res.headersSent || error instanceof PassOn
  const handler = isOver ? null : plan.rescue(error)
  try {
    if (handler === null) throw error
    await finish(plan, controller, exchange, await handler(controller, error))
  } catch (failure) {
    discardRendered(controller)
    if (plan.appendsInfo) appendInfo(controller, exchange)
    throw failure
  }
}

/** Once per request. A log line is not worth a response: what goes wrong is a line of its own. */
function appendInfo(controller: Controller, exchange: Exchange): void {
  if (exchange.logFields !== null) return
  exchange.logFields = {}
  try {
    controller.appendInfoToPayload(exchange.logFields)
  } catch (error) {
    exchange.failed(error, 'appendInfoToPayload failed')
  }
}
