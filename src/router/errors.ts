/** Errors of the router: what can be wrong with a route, a name, a path. */
import { inspect } from 'node:util'
import { defineError } from '../kernel'

/** A path pattern cannot be understood, or promises something the router does not do. */
export class BadPatternError extends defineError('RAGE_ROUTER_BAD_PATTERN', {
  what: (f: { pattern: unknown; reason: string; source: string }) =>
    `The path ${inspect(f.pattern)} at ${f.source} ${f.reason}.`,
  fix: 'Write "/text", "/:param", "/:param(\\\\d+)", "/text(/:optional)" or, at the end, "/*rest".',
}) {}

/** A verb is not an HTTP method that Node receives, or `via` names none. */
export class UnknownVerbError extends defineError('RAGE_ROUTER_UNKNOWN_VERB', {
  what: (f: { verb: unknown; source: string; hint: string }) =>
    `${inspect(f.verb)} at ${f.source} is not an HTTP method.${f.hint}`,
  fix: "Use names such as 'get' or 'post': via: ['get', 'post'], or via: 'all'.",
}) {}

/** What a route should run is neither an action, nor "controller#action", nor a function. */
export class BadTargetError extends defineError('RAGE_ROUTER_BAD_TARGET', {
  what: (f: { pattern: string; given: unknown; source: string }) =>
    `The route "${f.pattern}" at ${f.source} has no usable target: ${inspect(f.given, { depth: 0 })}.`,
  fix: "Pass [OrdersController, 'show'], 'orders#show', a handler function, or a list of middleware that ends with one of them.",
}) {}

/** Two routes answer the same method and the same paths, with nothing that tells them apart. */
export class DuplicateRouteError extends defineError('RAGE_ROUTER_DUPLICATE', {
  what: (f: { method: string; pattern: string; source: string; firstPattern: string; firstSource: string }) =>
    `${f.method} ${f.pattern} (${f.source}) matches in the same place as ${f.method} ${f.firstPattern} (${f.firstSource}).`,
  fix: 'Remove one, or give the first of them constraints that the other does not have.',
}) {}

/** `as:` gives a name that another path already has. */
export class DuplicateRouteNameError extends defineError('RAGE_ROUTER_DUPLICATE_NAME', {
  what: (f: { name: string; pattern: string; source: string; firstPattern: string; firstSource: string }) =>
    `The name "${f.name}" of ${f.pattern} (${f.source}) belongs to ${f.firstPattern} (${f.firstSource}).`,
  fix: 'Give one of them another "as:".',
}) {}

/** `only:` demands an action that the controller does not have. */
export class MissingActionError extends defineError('RAGE_ROUTER_MISSING_ACTION', {
  what: (f: { controller: string; action: string; resource: string; source: string }) =>
    `The resource "${f.resource}" at ${f.source} demands "${f.action}", which ${f.controller} does not implement.`,
  fix: (f) => `Write the method "${f.action}", or take it out of "only:".`,
}) {}

/** `resources` or `resource` was given something it cannot use. */
export class BadResourceError extends defineError('RAGE_ROUTER_BAD_RESOURCE', {
  what: (f: { resource: unknown; source: string; reason: string }) =>
    `The resource ${inspect(f.resource)} at ${f.source} ${f.reason}.`,
  fix: "Write r.resources('orders', OrdersController, { only: ['index', 'show'] }, (r) => { ... }).",
}) {}

/** `member` or `collection` was called outside a resource, or a verb after drawing had ended. */
export class MisplacedCallError extends defineError('RAGE_ROUTER_MISPLACED_CALL', {
  what: (f: { call: string; source: string; reason: string }) => `${f.call} at ${f.source} ${f.reason}.`,
  fix: 'Routes are drawn synchronously; member and collection belong in the callback of resources().',
}) {}

/** Constraints that cannot be understood, or that no route can meet. */
export class BadConstraintError extends defineError('RAGE_ROUTER_BAD_CONSTRAINT', {
  what: (f: { given: unknown; reason: string; source: string }) =>
    `The constraint ${inspect(f.given, { depth: 1 })} at ${f.source} ${f.reason}.`,
  fix: "Write { host: 'api.example.com' }, { headers: { 'x-version': /^2/ } }, { id: /\\d+/ } or (request) => boolean.",
}) {}

/** A constraint of a route threw, or answered with a promise: the request gets neither the route nor another one. */
export class ConstraintFailedError extends defineError('RAGE_ROUTER_CONSTRAINT_FAILED', {
  status: 500,
  what: (f: { text: string; pattern: string; source: string; reason: string }) =>
    `The constraint "${f.text}" of ${f.pattern} (${f.source}) ${f.reason}.`,
  fix: 'See the cause. A constraint answers true or false, at once.',
}) {}

/** A call that draws routes was given an option it does not have. */
export class UnknownRouteOptionError extends defineError('RAGE_ROUTER_UNKNOWN_OPTION', {
  what: (f: { call: string; option: string; source: string; hint: string }) =>
    `${f.call} at ${f.source} has no option "${f.option}".${f.hint}`,
  fix: 'Remove it or correct its name; migration-guide/router.md lists the options of each call.',
}) {}

/** `r.use` or a list of middleware was given something that is no function. */
export class BadMiddlewareError extends defineError('RAGE_ROUTER_BAD_MIDDLEWARE', {
  what: (f: { given: unknown; source: string }) =>
    `${inspect(f.given, { depth: 0 })} at ${f.source} is not a middleware.`,
  fix: 'Pass functions such as r.use(helmet()); for a path, put r.use into r.scope(path, ...).',
}) {}

/** `mount` was given no handler, or lies over routes that the router owns. */
export class BadMountError extends defineError('RAGE_ROUTER_BAD_MOUNT', {
  what: (f: { pattern: string; source: string; reason: string }) =>
    `The mount "${f.pattern}" at ${f.source} ${f.reason}.`,
  fix: 'Mount an http handler or Express app below a path of its own: r.mount("/admin", admin).',
}) {}

/** A redirect to something that is no address. */
export class BadRedirectError extends defineError('RAGE_ROUTER_BAD_REDIRECT', {
  what: (f: { given: unknown; reason: string }) => `redirect: ${inspect(f.given)} ${f.reason}.`,
  fix: "Write redirect('/articles/:slug') or redirect('https://example.com/', { status: 302 }).",
}) {}

/** `concerns` names a concern that was not defined before it, or `concern` defines one twice. */
export class BadConcernError extends defineError('RAGE_ROUTER_BAD_CONCERN', {
  what: (f: { concern: string; source: string; reason: string; hint: string }) =>
    `The concern "${f.concern}" at ${f.source} ${f.reason}.${f.hint}`,
  fix: "Define it once, in front: r.concern('commentable', (r) => r.resources('comments', CommentsController)).",
}) {}

/** A path was asked for by a name that no route has. */
export class UnknownRouteNameError extends defineError('RAGE_ROUTER_UNKNOWN_NAME', {
  what: (f: { name: string; hint: string }) => `No route is named "${f.name}".${f.hint}`,
  fix: 'See the names with "rage routes", or give the route one with "as:".',
}) {}

/** A path was asked for with a parameter missing or with a value its route would not match. */
export class BadPathParamError extends defineError('RAGE_ROUTER_BAD_PATH_PARAM', {
  what: (f: { name: string; pattern: string; param: string; given: unknown }) =>
    `The path "${f.name}" (${f.pattern}) cannot be built with ${inspect(f.given)} as "${f.param}".`,
  fix: 'Pass a string that is not empty, "." or "..", or a number, that fits the pattern of the parameter.',
}) {}

/** A parameter in the path of a request holds a `%` escape that is not UTF-8. */
export class MalformedPathError extends defineError('RAGE_ROUTER_MALFORMED_PATH', {
  status: 400,
  what: (f: { param: string; value: string }) =>
    `The parameter "${f.param}" of the path, ${inspect(f.value)}, cannot be decoded.`,
  fix: 'The client has to send percent-encoded UTF-8.',
}) {}
