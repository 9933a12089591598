/**
 * The `r` of `rage.routes((r) => ...)`: Rails' words for routes. A mapper is a frame (prefix, names,
 * controller, defaults) and draws everything below it; scopes hand a mapper with a deeper frame to their
 * callback. Drawing is synchronous.
 */
import { callSite } from '../kernel'
import { BadResourceError, BadTargetError, MisplacedCallError, UnknownVerbError } from './errors'
import { type Frame, nameIn, settledTarget, topFrame, wordOf } from './frame'
import { joinPath } from './pattern'
import { chosenRoutes, type ResourceKind, type ResourceOptions, resourcePlace } from './resource'
import type { MatchOptions, RouteOptions } from './route'
import type { RouteSink } from './route-draft'
import type { ActionInScope, AnyController, AnyHandler, ControllerRef, RouteTarget } from './target'

/** The shape of `r.get` and its siblings. */
export interface Verb<Reserved extends string, Handler, Current> {
  /** Where a controller is in scope: the method of that name, under its name as path. */
  (action: ActionInScope<Current, Reserved>): void
  <C extends AnyController>(
    path: string,
    target: RouteTarget<C, Reserved, Handler, Current>,
    options?: RouteOptions,
  ): void
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
  readonly #frame: Frame

  /** @internal */
  constructor(sink: RouteSink, frame: Frame = topFrame) {
    this.#sink = sink
    this.#frame = frame
  }

  /** A route for several methods: `r.match('/search', [SearchController, 'run'], { via: ['get', 'post'] })`. */
  match<C extends AnyController>(
    path: string,
    target: RouteTarget<C, Reserved, Handler, Current>,
    options: MatchOptions,
  ): void {
    const via: unknown = (options as MatchOptions | undefined)?.via
    const methods = via === 'all' ? allVerbs : via
    if (!Array.isArray(methods) || methods.length === 0) {
      throw new UnknownVerbError({ verb: via, source: callSite(), hint: '' })
    }
    this.#add({ methods, path, target, options })
  }

  /** GET of the scope's own path, named `root`. */
  root<C extends AnyController>(
    target: RouteTarget<C, Reserved, Handler, Current>,
    options: RouteOptions = {},
  ): void {
    this.#add({ methods: ['GET'], path: '/', word: 'root', target, options })
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
  namespace(name: string, draw: Nested<Reserved, Handler, Current>): void {
    this.scope(name, { as: name, module: name }, draw)
  }

  /** Prefixes paths; with `as` also names, with `module` also the names of controllers given as strings. */
  scope(path: string, draw: Nested<Reserved, Handler, Current>): void
  scope(path: string, options: ScopeOptions, draw: Nested<Reserved, Handler, Current>): void
  scope(
    path: string,
    ...rest: [Nested<Reserved, Handler, Current>] | [ScopeOptions, Nested<Reserved, Handler, Current>]
  ): void {
    const [options, draw] = rest.length === 1 ? [{}, rest[0]] : rest
    const frame = this.#frame
    draw(
      this.#at({
        ...frame,
        path: joinPath(frame.path, path, callSite()),
        names: options.as === undefined ? frame.names : [...frame.names, wordOf(options.as)],
        module: options.module === undefined ? frame.module : `${frame.module}${options.module}/`,
        resource: null,
      }),
    )
  }

  /** Sets the controller for targets that are just the name of an action. */
  controller<C extends ControllerRef>(controller: C, draw: Nested<Reserved, Handler, C>): void {
    draw(this.#at({ ...this.#frame, controller }))
  }

  /** Parameters that the routes drawn inside have when the path does not set them. */
  defaults(values: Readonly<Record<string, string>>, draw: Nested<Reserved, Handler, Current>): void {
    draw(this.#at({ ...this.#frame, defaults: { ...this.#frame.defaults, ...values } }))
  }

  #at<C>(frame: Frame): Mapper<Reserved, Handler, C> {
    return new Mapper<Reserved, Handler, C>(this.#sink, frame)
  }

  #verb(method: string): Verb<Reserved, Handler, Current> {
    // The overloads differ in types only: without a target, the path is the action.
    const draw = (path: string, target?: unknown, options?: RouteOptions): void =>
      this.#add({ methods: [method], path, target, options: options ?? {} })
    return draw as Verb<Reserved, Handler, Current>
  }

  #add({ methods, path, target, options, word }: RouteCall): void {
    const source = callSite()
    const frame = this.#frame
    const pattern = joinPath(frame.path, path, source)
    const settled = settledTarget(target === undefined && frame.controller !== null ? path : target, frame)
    if (settled === null) throw new BadTargetError({ pattern, given: target, source })
    for (const method of methods) {
      this.#sink.add({
        method,
        pattern,
        target: settled,
        name: nameIn(frame, options.as ?? word ?? wordOf(path)),
        isNameGiven: options.as !== undefined,
        defaults: { ...frame.defaults, ...options.defaults },
        source,
      })
    }
  }

  #resource<C extends ControllerRef>(
    kind: ResourceKind,
    name: string,
    controller: C,
    { options, nested }: ResourceArguments<Reserved, Handler, C>,
  ): void {
    const source = callSite()
    if (typeof controller !== 'function' && (typeof controller !== 'string' || controller === '')) {
      throw new BadResourceError({
        resource: name,
        source,
        reason: 'needs a controller: a class or its name',
      })
    }
    const outer = this.#frame
    const place = resourcePlace({ kind, name, controller, options, source }, outer.path)
    const own = { ...outer, controller, order: 'verb-first' as const, resource: null }
    const frames = {
      collection: { ...own, path: place.collectionPath, names: [...outer.names, place.collectionName] },
      member: { ...own, path: place.memberPath, names: [...outer.names, place.memberName] },
    }
    const known = typeof controller === 'string' ? `${outer.module}${controller}` : controller
    const routes = chosenRoutes({ kind, name, controller: known, options, source }, (target, action) =>
      this.#sink.implementsAction(target, action),
    )
    for (const { action, methods, on, suffix } of routes) {
      // "new" lies on the path of the collection, but is named after the element: new_article.
      const naming = suffix === 'new' ? frames.member : frames[on]
      for (const method of methods) {
        this.#sink.add({
          method,
          pattern: joinPath(frames[on].path, suffix, source),
          target: settledTarget(action, own),
          name: nameIn(naming, suffix),
          isNameGiven: false,
          defaults: outer.defaults,
          source,
        })
      }
    }
    nested?.(
      this.#at({
        ...own,
        path: place.nestedPath,
        names: frames.member.names,
        order: 'verb-last',
        resource: frames,
      }),
    )
  }

  #resourceFrame(on: 'member' | 'collection'): Frame {
    const { resource, controller, defaults } = this.#frame
    if (resource !== null) return { ...resource[on], controller, defaults }
    throw new MisplacedCallError({
      call: on,
      source: callSite(),
      reason: 'is not directly inside a resource',
    })
  }
}

/** What a verb, `match` or `root` was called with. */
interface RouteCall {
  readonly methods: readonly string[]
  readonly path: string
  readonly target: unknown
  readonly options: RouteOptions
  /** For the name, instead of the path. */
  readonly word?: string
}

/** The callback of a scope. */
type Nested<Reserved extends string, Handler, Current> = (r: Mapper<Reserved, Handler, Current>) => void

interface ResourceArguments<Reserved extends string, Handler, C> {
  readonly options: ResourceOptions
  readonly nested: Nested<Reserved, Handler, C> | null
}

interface ScopeOptions {
  /** In front of the names of its routes. */
  readonly as?: string
  /** In front of the names of controllers given as strings, with a `/` between. */
  readonly module?: string
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
