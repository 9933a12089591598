/**
 * The front door of rage-js: `createRage` with the Express adapter, and the classes that applications extend.
 * The same runtime whether it is required or imported.
 */
import { createSurface } from '../adapters/connect'
import { expressHost } from '../adapters/express'
import { createRuntime, type Rage, type RageOptions } from './runtime'

/**
 * Makes a runtime. Nothing is opened until the first server listens, or `rage.boot()`.
 *
 * @throws UnknownOptionError, InvalidOptionError
 */
export function createRage(options?: RageOptions): Rage {
  return createRuntime(options, expressHost, createSurface)
}

export { Channel, type ChannelParams, Connection, type Streamable } from './cable'
export { type AttributeSerializer, type ContextOptions, CurrentAttributes, type Transaction } from './context'
export {
  type AroundCallback,
  type AuthenticationRequest,
  type Callback,
  type CallbackOptions,
  type Condition,
  Controller,
  type ExpiryOptions,
  type Formats,
  type FreshnessOptions,
  type InvalidField,
  InvalidParamsError,
  type RedirectOptions,
  type Renderer,
  type RenderOptions,
  type RenderResult,
  UnsafeRedirectError,
  type WrapOptions,
} from './controller'
export {
  type BatchOutcome,
  type DeadJob,
  type DeferredStats,
  type EnqueuedBatch,
  type EnqueuedJob,
  type EnqueueOptions,
  type EnqueuingJob,
  type JobListOptions,
  type JobMiddleware,
  type JobState,
  type JobView,
  type PerformingJob,
  type PlannedJob,
  type PlannedOptions,
  type QueueStats,
  type RateLimit,
  type RunningJob,
  Task,
  Unrecoverable,
  type Wrapped,
} from './deferred'
export {
  type EventContext,
  type EventMeta,
  type PublishOptions,
  Subscriber,
  type Trait,
  type TraitBase,
  trait,
} from './events'
export {
  type CookieDeleteOptions,
  type CookieOptions,
  type Cookies,
  type Params,
  type ProblemOptions,
  type Request,
  type Response,
  type SealedCookies,
  type Session,
  type SessionOptions,
  type Status,
  secureCompare,
  UploadedFile,
  type UploadOptions,
} from './http'
export { RageError } from './kernel'
export type {
  ExternalLogger,
  LogContext,
  LoggedUnit,
  Logger,
  LogTag,
  ScopedLogger,
  TagArgument,
} from './logger'
export {
  type Constraints,
  type PathParams,
  type ResourceOptions,
  type Route,
  type RoutePaths,
  type RouteRow,
  redirect,
} from './router'
export type {
  CheckOptions,
  ConnectOptions,
  Entry,
  Environment,
  Handler,
  Health,
  HealthCheck,
  HealthProblem,
  HealthReport,
  Listening,
  LoggerOptions,
  MetricsOptions,
  Middleware,
  MountOptions,
  Probe,
  ProbeOptions,
  Rage,
  RageOptions,
  RouteMapper,
  ServerOptions,
  ViewEngine,
} from './runtime'
export {
  type BucketOptions,
  type CollectOptions,
  type CounterCell,
  type ErrorAbout,
  type ErrorFacts,
  type ErrorReporter,
  type GaugeCell,
  type HandleOptions,
  type HistogramCell,
  type Labelled,
  type LabelledCollectOptions,
  type LabelledOptions,
  type MetricOptions,
  type MetricSnapshot,
  type Metrics,
  type Span,
  type SpanAttributes,
  type SpanName,
  type SpanOutcomes,
  type SpanPattern,
  type SpanResult,
  TelemetryHandler,
} from './telemetry'
