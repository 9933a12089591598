/**
 * runtime: composes the rooms into one object, boots, drains and stops them in order, and offers it to hosts
 * through a port. The only room that knows all below; it touches no framework.
 */

export type { ConnectOptions } from './connect-options'
export { checkedFolder, controlFolder, socketsIn } from './control-path'
export { createRuntime } from './create-runtime'
export {
  BootFailedError,
  FetchStoppedError,
  FileNotLoadedError,
  FolderNotLoadedError,
  ListenError,
  MalformedUrlError,
  MethodNotAllowedError,
  NothingToRegisterError,
  RouteNotFoundError,
  UnavailableError,
  UnknownControllerError,
} from './errors'
export type { Health, HealthProblem, HealthReport } from './health'
export type { CheckOptions, HealthCheck } from './health-checks'
export type { Probe, ProbeOptions } from './health-handlers'
export type {
  Done,
  Entry,
  Fail,
  Host,
  HostedApplication,
  Middleware,
  Surface,
  SurfaceSeed,
  ViewEngine,
} from './host'
export type { MetricsOptions } from './metrics-options'
export type { MountOptions } from './mount-options'
export type { Environment, LoggerOptions, RageOptions } from './options'
export type { Handler, OwnedMatch, OwnedRoute, RouteMapper } from './owned-routes'
export { Rage } from './rage'
export type { Registrable } from './registration'
export type { Listening } from './server'
export type { ServerOptions } from './server-options'
