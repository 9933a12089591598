/**
 * router: draws routes (`r.resources(...)`), finds the one a request matches, builds paths back from names.
 * Guarantee: a path matches only where Express 4 and 5 match it with the same pattern and settings, or
 * nowhere; the raw path decides, never a decoded one. Does *not* know controllers: a target is opaque.
 */
export { Draw, type Drawn, type DrawPorts } from './draw'
export {
  BadPathParamError,
  BadPatternError,
  BadResourceError,
  BadTargetError,
  DuplicateRouteError,
  DuplicateRouteNameError,
  MalformedPathError,
  MisplacedCallError,
  MissingActionError,
  UnknownRouteNameError,
  UnknownVerbError,
} from './errors'
export { Mapper, type Verb } from './mapper'
export { NamedPaths, type PathParams } from './named-paths'
export { type RouterOptions, routerOptions } from './options'
export type { Part, Segment } from './pattern'
export type { ResourceOptions, RestAction } from './resource'
export type { MatchOptions, Route, RouteOptions } from './route'
export { type RouteRow, routeTable } from './table'
export type { ActionName, AnyController, AnyHandler, ControllerRef, RouteTarget } from './target'
export { type Entry, type Match, type Params, RouteTree } from './tree'
