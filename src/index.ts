/**
 * The front door of rage-js: `createRage` with the Express adapter, and the classes that applications extend.
 * The same runtime whether it is required or imported.
 */
import { expressHost } from '../adapters/express'
import { createRuntime, type Rage, type RageOptions } from './runtime'

/**
 * Makes a runtime. Nothing is opened until the first server listens, or `rage.boot()`.
 *
 * @throws UnknownOptionError, InvalidOptionError
 */
export function createRage(options?: RageOptions): Rage {
  return createRuntime(options, expressHost)
}

export { Channel, type ChannelParams, Connection, type Streamable } from './cable'
export { type AttributeSerializer, CurrentAttributes } from './context'
export {
  type AroundCallback,
  type Callback,
  type CallbackOptions,
  type Condition,
  Controller,
  type RenderOptions,
} from './controller'
export {
  type DeadJob,
  type DeferredStats,
  type EnqueuedJob,
  type EnqueueOptions,
  type RunningJob,
  Task,
} from './deferred'
export { type EventMeta, type PublishOptions, Subscriber, trait } from './events'
export type { Params, Request, Response, Status } from './http'
export { RageError } from './kernel'
export type { Logger } from './logger'
export type { PathParams, ResourceOptions, Route } from './router'
export type {
  Environment,
  Handler,
  Health,
  LoggerOptions,
  Middleware,
  Rage,
  RageOptions,
  RouteMapper,
} from './runtime'
export { type ErrorReporter, type Span, type SpanResult, TelemetryHandler } from './telemetry'
