/**
 * router: draws routes (`r.resources(...)`), finds the one a request matches, builds paths back from names.
 * Guarantee: a path matches only where Express 4 and 5 match it with the same pattern and settings, or
 * nowhere; the raw path decides, never a decoded one. Does *not* know controllers: a target is opaque.
 */
export type { ConstraintCheck, ConstraintRequest, Constraints, RequestConstraints } from './constraints'
export { Draw, type Drawn, type DrawPorts } from './draw'
export {
  BadConcernError,
  BadConstraintError,
  BadMiddlewareError,
  BadMountError,
  BadPathParamError,
  BadPatternError,
  BadRedirectError,
  BadResourceError,
  BadTargetError,
  ConstraintFailedError,
  DuplicateRouteError,
  DuplicateRouteNameError,
  MalformedPathError,
  MisplacedCallError,
  MissingActionError,
  UnknownRouteNameError,
  UnknownRouteOptionError,
  UnknownVerbError,
} from './errors'
export { Mapper, type Verb } from './mapper'
export type { Entry, Match, Params } from './match'
export { NamedPaths, type PathParams } from './named-paths'
export { type RouterOptions, routerOptions } from './options'
export type { Part, Segment } from './pattern'
export { redirect } from './redirect'
export type { ResourceOptions, RestAction } from './resource'
export type { MatchOptions, MountOptions, Route, RouteOptions, ScopeOptions } from './route'
export { type PathArguments, type RouteName, type RoutePaths, routeTypes } from './route-paths'
export { formatRoutes, type RouteRow, routeTable } from './table'
export type { ActionName, AnyController, AnyHandler, ControllerRef, RouteTarget } from './target'
export { RouteTree } from './tree'
