/**
 * controller: Rails-like controllers: actions, callbacks, rendering, rescue; compiled once at boot.
 * Knows no routes and no host: it is handed an exchange and a plan.
 */
export type { AroundCallback, Callback, CallbackOptions, Condition } from './callbacks'
export { Controller, type RenderOptions } from './controller'
export { dispatch } from './dispatch'
export { DoubleRenderError, NothingToRenderError, UnknownActionError, UnserializableError } from './errors'
export { Exchange } from './exchange'
export { type ActionPlan, type ConcreteController, compilePlan, definesAction } from './plan'
