/**
 * Runs one action and writes what it rendered.
 *
 * Hot path: bench/dispatch.mjs. Callbacks, inheritance and rescues were settled by compilePlan() at boot;
 * nothing here may consult options.
 */
import { send } from '../http'
import { isThenable } from '../kernel'
import type { Controller } from './controller'
import type { Exchange } from './exchange'
import { type ActionPlan, halted } from './plan'

/** Returns when the response is written, or a promise of that; throws what nothing rescues. */
export function dispatch(plan: ActionPlan, exchange: Exchange): void | Promise<void> {
  const controller = new plan.controller(exchange, plan.action)
  let value: unknown
  try {
    value = plan.run(controller)
    if (isThenable(value)) return finishLater(plan, controller, exchange, value)
    finish(controller, exchange, value)
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
    finish(controller, exchange, await value)
  } catch (error) {
    return rescue(plan, controller, exchange, error)
  }
}

function finish(controller: Controller, exchange: Exchange, value: unknown): void {
  const { res } = exchange
  // Answered directly, through Express's own methods or Node's.
  if (res.headersSent || res.writableEnded) return
  if (controller.rendered === null) {
    if (value === undefined || value === halted) controller.head(204)
    else controller.render({ json: value })
  }
  send(exchange.req, res, controller.rendered!, exchange.settings)
}

async function rescue(
  plan: ActionPlan,
  controller: Controller,
  exchange: Exchange,
  error: unknown,
): Promise<void> {
  const handler = plan.rescue(error)
  if (handler === null) throw error
  controller.rendered = null
  finish(controller, exchange, await handler(controller, error))
}
