/**
 * runtime: composes the rooms into one object, boots, drains and stops them in order, and offers it to hosts
 * through a port. The only room that knows all below; it touches no framework.
 */
export { createRuntime } from './create-runtime'
export { BootFailedError, UnavailableError, UnknownControllerError } from './errors'
export type { Done, Host, HostedApplication, Middleware } from './host'
export type { Environment, LoggerOptions, RageOptions } from './options'
export type { Handler, OwnedMatch, OwnedRoute, RouteMapper } from './owned-routes'
export { type Health, Rage, type Registrable } from './rage'
