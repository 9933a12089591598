/**
 * controller: Rails-like controllers: actions, callbacks, rendering, rescue; compiled once at boot.
 * Knows no routes and no host: it is handed an exchange and a plan.
 */

export type { AuthenticationRequest, BasicCredentials, BasicLogin, TokenLogin } from './authentication'
export type { AroundCallback, Callback, CallbackOptions, Condition } from './callbacks'
export type { ExpiryOptions, FreshnessOptions } from './conditional-get'
export { type AnyController, Controller, type RedirectOptions } from './controller'
export { dispatch } from './dispatch'
export {
  DoubleRenderError,
  ErrorMiddlewareError,
  InvalidParamsError,
  InvalidRedirectError,
  NotAMiddlewareError,
  NotASchemaError,
  NothingToRenderError,
  NotValidatedError,
  ReservedMethodError,
  UnknownActionError,
  UnsafeRedirectError,
  UnserializableError,
} from './errors'
export { type CookieSettings, Exchange } from './exchange'
export type { Formats } from './format-choice'
export { type ConnectMiddleware, type ForeignMiddleware, type Next, PassOn } from './middleware'
export { type ActionPlan, type ConcreteController, compilePlan, definesAction } from './plan'
export { type Renderer, Renderers, type RenderResult } from './renderers'
export type { CustomRender, RenderOptions } from './rendering'
export type { InvalidField, ParamsSource, Schema, SchemaOutput } from './validation'
export type { WrapFormat, WrapOptions } from './wrapped-params'
