/**
 * The `r` of `rage.routes((r) => ...)`: Rails' words for routes. A mapper is a frame (prefix, names,
 * controller, defaults) and draws everything below it; scopes hand a mapper with a deeper frame to their
 * callback. Drawing is synchronous.
 */
import { callSite, didYouMean } from '../kernel'
import { drawConstrained } from './constrained'
import type { Constraints } from './constraints'
import {
  BadConcernError,
  BadMiddlewareError,
  BadMountError,
  MisplacedCallError,
  UnknownVerbError,
} from './errors'
import { type Frame, isErrorHandler, isPlainFunction, moduleIn, topFrame, wordOf } from './frame'
import { refuseUnknownOptions } from './known-options'
import { joinPath } from './pattern'
import type { ResourceKind, ResourceOptions } from './resource'
import { drawResource } from './resource-drawing'
import type { MatchOptions, MountOptions, RouteOptions, ScopeOptions } from './route'
import type { RouteSink } from './route-draft'
import { drawRoute, type RouteCall } from './route-drawing'
import type {
  ActionInScope,
  AnyController,
  AnyHandler,
  ControllerRef,
  ForeignTarget,
  RouteTarget,
} from './target'

/** The shape of `r.get` and its siblings. */
export interface Verb<Reserved extends string, Handler, Current> {
  /** Where a controller is in scope: the method of that name, under its name as path. */
  (action: ActionInScope<Current, Reserved>): void
  <C extends AnyController>(
    path: string,
    target: RouteTarget<C, Reserved, Handler, Current>,
    options?: RouteOptions,
  ): void
  <C extends AnyController>(path: string, target: ForeignTarget<C, Reserved>, options?: RouteOptions): void
}

/**
 * @typeParam Reserved names that are no actions, such as the members of the base controller.
 * @typeParam Handler  what counts as a handler function.
 * @typeParam Current  the controller in scope; `never` = none.
 */
export class Mapper<Reserved extends string = never, Handler = AnyHandler, Current = never> {
  readonly get = this.#verb('GET')
  readonly post = this.#verb('POST')
  readonly put = this.#verb('PUT')
  readonly patch = this.#verb('PATCH')
  readonly delete = this.#verb('DELETE')
  readonly options = this.#verb('OPTIONS')
  /** Only where HEAD must differ from GET, which serves it otherwise. */
  readonly head = this.#verb('HEAD')
  readonly #sink: RouteSink
  /** Grows by `use`. */
  #frame: Frame
  /** Where the routes of this block begin. */
  readonly #from: number

  /** @internal */
  constructor(sink: RouteSink, frame: Frame = topFrame) {
    this.#sink = sink
    this.#frame = frame
    this.#from = sink.count
  }

  /**
   * Connect middleware for the routes drawn after it in this block and the blocks within. One with four
   * parameters takes, as in Express, the errors of what was drawn before it in this block.
   *
   * @throws BadMiddlewareError
   */
  use(...middlewares: readonly (Handler | readonly Handler[])[]): void
  use(...middlewares: readonly (AnyHandler | readonly AnyHandler[])[]): void
  use(...middlewares: readonly unknown[]): void {
    const source = callSite()
    for (const given of middlewares.flat(Number.POSITIVE_INFINITY)) {
      if (!isPlainFunction(given)) throw new BadMiddlewareError({ given, source })
      if (isErrorHandler(given)) this.#sink.addErrorHandler(given, this.#from)
      this.#frame = { ...this.#frame, middlewares: [...this.#frame.middlewares, given] }
    }
    if (middlewares.length === 0) throw new BadMiddlewareError({ given: undefined, source })
  }

  /** A route for several methods: `r.match('/search', [SearchController, 'run'], { via: ['get', 'post'] })`. */
  match<C extends AnyController>(
    path: string,
    target: RouteTarget<C, Reserved, Handler, Current>,
    options: MatchOptions,
  ): void
  match<C extends AnyController>(
    path: string,
    target: ForeignTarget<C, Reserved>,
    options: MatchOptions,
  ): void
  match(path: string, target: unknown, options: MatchOptions): void {
    const via: unknown = (options as MatchOptions | undefined)?.via
    const methods = via === 'all' ? allVerbs : via
    if (!Array.isArray(methods) || methods.length === 0) {
      throw new UnknownVerbError({ verb: via, source: callSite(), hint: '' })
    }
    this.#add({ call: 'match', methods, path, target, options })
  }

  /** GET of the scope's own path, named `root`. */
  root<C extends AnyController>(
    target: RouteTarget<C, Reserved, Handler, Current>,
    options?: RouteOptions,
  ): void
  root<C extends AnyController>(target: ForeignTarget<C, Reserved>, options?: RouteOptions): void
  root(target: unknown, options: RouteOptions = {}): void {
    this.#add({ call: 'root', methods: ['GET'], path: '/', word: 'root', target, options })
  }

  /**
   * The RESTful routes of a collection that the controller implements, or those of `only`:
   * `index create show update destroy`, and with `formActions` also `new edit`.
   *
   * @param nested draws below it, as Rails does: the parameter of the parent is `<singular>_<param>`. In
   *               there, `member` and `collection` add routes to the resource itself.
   * @throws BadResourceError, MissingActionError
   */
  resources<C extends ControllerRef>(name: string, controller: C, nested?: Nested<Reserved, Handler, C>): void
  resources<C extends ControllerRef>(
    name: string,
    controller: C,
    options: ResourceOptions,
    nested?: Nested<Reserved, Handler, C>,
  ): void
  resources<C extends ControllerRef>(
    name: string,
    controller: C,
    second?: ResourceOptions | Nested<Reserved, Handler, C>,
    third?: Nested<Reserved, Handler, C>,
  ): void {
    this.#resource('many', name, controller, resourceArguments(second, third))
  }

  /** Like `resources`, for something of which there is one (`/profile`): no index, no parameter. */
  resource<C extends ControllerRef>(name: string, controller: C, nested?: Nested<Reserved, Handler, C>): void
  resource<C extends ControllerRef>(
    name: string,
    controller: C,
    options: ResourceOptions,
    nested?: Nested<Reserved, Handler, C>,
  ): void
  resource<C extends ControllerRef>(
    name: string,
    controller: C,
    second?: ResourceOptions | Nested<Reserved, Handler, C>,
    third?: Nested<Reserved, Handler, C>,
  ): void {
    this.#resource('one', name, controller, resourceArguments(second, third))
  }

  /** Inside `resources`: routes of one element, such as `/articles/:slug/favorite`. */
  member(draw: Nested<Reserved, Handler, Current>): void {
    draw(this.#at(this.#resourceFrame('member')))
  }

  /** Inside `resources`: routes of the collection, such as `/articles/search`. */
  collection(draw: Nested<Reserved, Handler, Current>): void {
    draw(this.#at(this.#resourceFrame('collection')))
  }

  /** Prefixes paths, names and the names of controllers given as strings. */
  namespace(name: string, draw: Nested<Reserved, Handler, Current>): void
  namespace(name: string, options: ScopeOptions, draw: Nested<Reserved, Handler, Current>): void
  namespace(
    name: string,
    ...rest: [Nested<Reserved, Handler, Current>] | [ScopeOptions, Nested<Reserved, Handler, Current>]
  ): void {
    const [options, draw] = rest.length === 1 ? [{}, rest[0]] : rest
    this.#scope(name, { as: name, module: name, ...options }, draw)
  }

  /** Prefixes paths; with `as` also names, with `module` also the names of controllers given as strings. */
  scope(path: string, draw: Nested<Reserved, Handler, Current>): void
  scope(path: string, options: ScopeOptions, draw: Nested<Reserved, Handler, Current>): void
  scope(
    path: string,
    ...rest: [Nested<Reserved, Handler, Current>] | [ScopeOptions, Nested<Reserved, Handler, Current>]
  ): void {
    const [options, draw] = rest.length === 1 ? [{}, rest[0]] : rest
    this.#scope(path, options, draw)
  }

  #scope(path: string, options: ScopeOptions, draw: Nested<Reserved, Handler, Current>): void {
    const source = callSite()
    refuseUnknownOptions('scope', options, { known: scopeOptions, source })
    const { as, module, defaults, constraints } = options
    const frame = this.#frame
    const names = as === undefined ? [] : [wordOf(as)]
    drawConstrained(frame, { constraints, source }, (constrained) => {
      draw(
        this.#at({
          ...frame,
          ...constrained,
          path: joinPath(frame.path, path, source),
          names: [...frame.names, ...names],
          base: { path: joinPath(frame.base.path, path, source), names: [...frame.base.names, ...names] },
          module: moduleIn(frame, module),
          defaults: { ...frame.defaults, ...defaults },
          resource: null,
        }),
      )
    })
  }

  /** Sets the controller for targets that are just the name of an action. */
  controller<C extends ControllerRef>(controller: C, draw: Nested<Reserved, Handler, C>): void {
    draw(this.#at({ ...this.#frame, controller }))
  }

  /** Parameters that the routes drawn inside have when the path does not set them. */
  defaults(values: Readonly<Record<string, string>>, draw: Nested<Reserved, Handler, Current>): void {
    draw(this.#at({ ...this.#frame, defaults: { ...this.#frame.defaults, ...values } }))
  }

  /**
   * What requests have to pass to meet the routes drawn inside; one that does not falls through to the next
   * route, in the end to the legacy app. Names of parameters say what these may be.
   *
   * @throws BadConstraintError, also for a parameter that no route inside has.
   */
  constraints(constraints: Constraints, draw: Nested<Reserved, Handler, Current>): void {
    drawConstrained(this.#frame, { constraints, source: callSite() }, (constrained) => {
      draw(this.#at({ ...this.#frame, ...constrained }))
    })
  }

  /** Members of the resources drawn inside lie at the path of the scope: `/comments/:id`. */
  shallow(draw: Nested<Reserved, Handler, Current>): void {
    draw(this.#at({ ...this.#frame, isShallow: true }))
  }

  /** Names a block of routes, to be drawn in several places. */
  concern(concern: string, draw: Nested<Reserved, Handler, string>): void {
    if (this.#sink.concerns.has(concern)) {
      throw new BadConcernError({ concern, source: callSite(), reason: 'is defined twice', hint: '' })
    }
    this.#sink.concerns.set(concern, draw)
  }

  /** Draws blocks that `concern` named. @throws BadConcernError */
  concerns(...concerns: readonly string[]): void {
    for (const concern of concerns) {
      const draw = this.#sink.concerns.get(concern)
      if (draw === undefined) {
        const hint = didYouMean(concern, this.#sink.concerns.keys())
        throw new BadConcernError({ concern, source: callSite(), reason: 'is not defined', hint })
      }
      // What a concern may name is only known where it is drawn; a wrong action is found there.
      draw(this.#at(this.#frame) as never)
    }
  }

  /**
   * Hands everything below a path to an http handler or an Express app, whatever the method, as `app.use` of
   * Express does: `req.url` is what lies below, `req.baseUrl` what does not; `next()` restores both and falls
   * through.
   *
   * @throws BadMountError, also when a route of the router lies below the path.
   */
  mount(path: string, handler: Handler, options?: MountOptions): void
  mount(path: string, handler: AnyHandler, options?: MountOptions): void
  mount(path: string, handler: unknown, options: MountOptions = {}): void {
    const source = callSite()
    const pattern = joinPath(this.#frame.path, path, source)
    refuseUnknownOptions('mount', options, { known: mountOptions, source })
    if (!isPlainFunction(handler)) throw new BadMountError({ pattern, source, reason: 'has no handler' })
    if (pattern.includes('*')) {
      throw new BadMountError({
        pattern,
        source,
        reason: 'has a wildcard; it takes all that is below it anyway',
      })
    }
    this.#add({ call: 'mount', methods: ['mount'], path, target: handler, options })
  }

  #at<C>(frame: Frame): Mapper<Reserved, Handler, C> {
    return new Mapper<Reserved, Handler, C>(this.#sink, frame)
  }

  #verb(method: string): Verb<Reserved, Handler, Current> {
    const call = method.toLowerCase()
    // The overloads differ in types only: without a target, the path is the action.
    const draw = (path: string, target?: unknown, options?: RouteOptions): void =>
      this.#add({ call, methods: [method], path, target, options: options ?? {} })
    return draw as Verb<Reserved, Handler, Current>
  }

  #add(route: Omit<RouteCall, 'source'>): void {
    drawRoute(this.#sink, this.#frame, { ...route, source: callSite() })
  }

  #resource<C extends ControllerRef>(
    kind: ResourceKind,
    name: string,
    controller: C,
    { options, nested }: ResourceArguments<Reserved, Handler, C>,
  ): void {
    const call = { kind, name, controller, options, source: callSite() }
    drawResource(this.#sink, this.#frame, call, (frame) => {
      const inside = this.#at<C>(frame)
      if (options.concerns !== undefined) inside.concerns(...[options.concerns].flat())
      nested?.(inside)
    })
  }

  #resourceFrame(on: 'member' | 'collection'): Frame {
    const { resource, controller, defaults, conditions, params, middlewares } = this.#frame
    if (resource !== null) return { ...resource[on], controller, defaults, conditions, params, middlewares }
    throw new MisplacedCallError({
      call: on,
      source: callSite(),
      reason: 'is not directly inside a resource',
    })
  }
}

/** The callback of a scope. */
type Nested<Reserved extends string, Handler, Current> = (r: Mapper<Reserved, Handler, Current>) => void

interface ResourceArguments<Reserved extends string, Handler, C> {
  readonly options: ResourceOptions
  readonly nested: Nested<Reserved, Handler, C> | null
}

/** Options may be left out in front of the callback. */
function resourceArguments<Reserved extends string, Handler, C>(
  second: ResourceOptions | Nested<Reserved, Handler, C> | undefined,
  third: Nested<Reserved, Handler, C> | undefined,
): ResourceArguments<Reserved, Handler, C> {
  if (typeof second === 'function') return { options: {}, nested: second }
  return { options: second ?? {}, nested: third ?? null }
}

const allVerbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const mountOptions = ['as', 'constraints']
const scopeOptions = ['as', 'module', 'defaults', 'constraints']
