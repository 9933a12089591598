/**
 * The route table of one runtime. Routes are drawn, checked and findable as soon as `rage.routes` returns, so
 * that a mistake stops the app at start-up where it was made; actions are compiled at boot, because callbacks
 * may be declared until then.
 */

import type { IncomingMessage } from 'node:http'
import {
  type ActionPlan,
  type ConcreteController,
  type Controller,
  compilePlan,
  definesAction,
  UnknownActionError,
} from '../controller'
import type { Request, Response } from '../http'
import {
  type AnyClass,
  didYouMean,
  InvalidOptionError,
  RegistrationClosedError,
  Registry,
  type Resolved,
  resolveOptions,
} from '../kernel'
import {
  type ConstraintRequest,
  Draw,
  type Drawn,
  type Mapper,
  type Match,
  type PathParams,
  type Route,
  type RouterOptions,
  RouteTree,
  routerOptions,
  routeTypes,
} from '../router'
import { UnknownControllerError } from './errors'
import type { Done } from './host'
import { type Chain, compileChain } from './middleware-chain'

/** A route target in Express's own form; `next` passes the request on. */
export type Handler = (req: Request, res: Response, next: Done) => unknown

/** The `r` of `rage.routes((r) => ...)`: methods of Controller itself are no actions. */
export type RouteMapper = Mapper<keyof Controller & string, Handler>

/** An owned route as requests meet it: after boot, exactly one of `plan` and `handler` is set. */
export interface OwnedRoute {
  plan: ActionPlan | null
  readonly handler: Handler | null
  /** What handlers read as `req.route`; `null` = it is a mount, of which Express has none. */
  readonly route: ExecutedRoute | null
  /** Middleware around it; `null` = none. */
  readonly chain: Chain | null
  /** Fields of the request's log line, made once. */
  readonly logFields: {
    readonly route: string
    readonly controller?: string
    readonly action?: string
    readonly arm: 'rage'
  }
}

/** As Express's `Route`, in what middlewares read of it: metrics and tracing name requests by its path. */
export interface ExecutedRoute {
  /** The pattern, such as `/orders/:id`. */
  readonly path: string
  /** `{ get: true }`. */
  readonly methods: Readonly<Record<string, true>>
}

export type OwnedMatch = Match<OwnedRoute>

interface Uncompiled {
  readonly owned: OwnedRoute
  readonly route: Route
  /** `null` while the name of a controller has not been resolved. */
  readonly type: AnyClass | null
  readonly action: string
}

/** Express's defaults. */
const lenient: Resolved<RouterOptions> = resolveOptions(routerOptions, {}, 'router')

export class OwnedRoutes {
  readonly #controllers = new Registry<AnyClass>('controller')
  readonly #draw: Draw<OwnedRoute>
  readonly #tree = new RouteTree<OwnedRoute>(lenient)
  readonly #drawn: Drawn<OwnedRoute>[] = []
  /** The same routes for hosts that compare paths more strictly, made when one asks. */
  readonly #stricter = new Map<string, RouteTree<OwnedRoute>>()
  #uncompiled: Uncompiled[] = []
  #isCompiled = false
  #haveConditions = false

  constructor() {
    this.#draw = new Draw<OwnedRoute>({
      resolve: (target, route) => this.#resolve(target, route),
      implementsAction: (controller, action) => this.#implements(controller, action),
    })
  }

  /** Whether any route asks more of a request than method and path. */
  get haveConditions(): boolean {
    return this.#haveConditions
  }

  /** Makes a controller known by name, for targets such as `orders#show`. */
  register(type: AnyClass): void {
    this.#controllers.add(controllerName(type.name), type)
  }

  /** @throws the router's errors, UnknownActionError, RegistrationClosedError after boot */
  draw(callback: (r: RouteMapper) => void): void {
    if (typeof callback !== 'function')
      throw new InvalidOptionError({
        option: 'rage.routes',
        expected: 'called with a function: (r) => { ... }',
        given: callback,
      })
    if (this.#isCompiled)
      throw new RegistrationClosedError({ kind: 'routes block', name: callback.name || 'rage.routes' })
    const drawn = this.#draw.draw<keyof Controller & string, Handler>(callback)
    for (const { route, value } of drawn) this.#tree.add(route, value)
    this.#drawn.push(...drawn)
    this.#haveConditions ||= drawn.some(({ route }) => route.conditions.length > 0)
    this.#stricter.clear()
  }

  /** Compiles every action. @throws UnknownControllerError, UnknownActionError */
  compile(): void {
    this.#isCompiled = true
    for (const { owned, route, type, action } of this.#uncompiled) {
      owned.plan = compilePlan(
        (type ?? this.#named(route)) as unknown as ConcreteController,
        action,
        whereOf(route),
      )
    }
    this.#uncompiled = []
  }

  find(
    method: string,
    pathname: string,
    rules = lenient,
    request: IncomingMessage | null = null,
  ): OwnedMatch | null {
    const tree = rules.caseSensitive || rules.strict ? this.#treeFor(rules) : this.#tree
    // A request takes any property; its type does not say so.
    return tree.find(method, pathname, request as ConstraintRequest | null)
  }

  allowedMethods(
    pathname: string,
    rules = lenient,
    request: IncomingMessage | null = null,
  ): readonly string[] {
    return this.#treeFor(rules).allowedMethods(pathname, request as ConstraintRequest | null)
  }

  ownsPrefix(pathname: string, rules = lenient): boolean {
    return this.#treeFor(rules).ownsPrefix(pathname)
  }

  /** A `.d.ts` that declares the names of all routes; see `RoutePaths`. */
  types(): string {
    return routeTypes(this.#draw.paths)
  }

  #treeFor(rules: Resolved<RouterOptions>): RouteTree<OwnedRoute> {
    const key = `${rules.caseSensitive} ${rules.strict}`
    let tree = this.#stricter.get(key)
    if (tree === undefined) {
      tree = new RouteTree<OwnedRoute>(rules)
      for (const { route, value } of this.#drawn) tree.add(route, value)
      this.#stricter.set(key, tree)
    }
    return tree
  }

  ownsPath(pathname: string): boolean {
    return this.#tree.matches(pathname)
  }

  pathFor(name: string, params?: PathParams): string {
    return this.#draw.paths.pathFor(name, params)
  }

  /** In the order they were drawn. */
  get routes(): readonly Route[] {
    return this.#draw.routes
  }

  #resolve(target: unknown, route: Route): OwnedRoute {
    const chain = compileChain(route.middlewares, route.errorHandlers)
    const executed = route.isMount
      ? null
      : { path: route.pattern, methods: { [route.method.toLowerCase()]: true } as const }
    if (typeof target === 'function') {
      return {
        plan: null,
        handler: target as Handler,
        route: executed,
        chain,
        logFields: { route: route.pattern, arm: 'rage' },
      }
    }
    const [type, action] =
      typeof target === 'string'
        ? [null, target.slice(target.indexOf('#') + 1)]
        : (target as [AnyClass, string])
    if (type !== null && !definesAction(type, action)) throw unknownAction(type, action, route)
    const controller = type === null ? String(target).slice(0, String(target).indexOf('#')) : type.name
    const owned: OwnedRoute = {
      plan: null,
      handler: null,
      route: executed,
      chain,
      logFields: { route: route.pattern, controller, action, arm: 'rage' },
    }
    this.#uncompiled.push({ owned, route, type, action })
    return owned
  }

  #implements(controller: AnyClass | string, action: string): boolean {
    const type = typeof controller === 'string' ? this.#controllers.get(controller) : controller
    return type !== undefined && definesAction(type, action)
  }

  #named(route: Route): AnyClass {
    const target = String(route.target)
    const name = target.slice(0, target.indexOf('#'))
    const type = this.#controllers.get(name)
    if (type !== undefined) return type
    throw new UnknownControllerError({
      target,
      where: route.source,
      hint: didYouMean(name, this.#controllers.names()),
    })
  }
}

/** `OrdersController` is `orders`, `OrderItemsController` is `order_items`. */
function controllerName(className: string): string {
  return className
    .replace(/Controller$/, '')
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
    .toLowerCase()
}

function whereOf(route: Route): string {
  return `The route ${route.method} ${route.pattern} at ${route.source}`
}

function unknownAction(type: AnyClass, action: string, route: Route): UnknownActionError {
  const known = Object.getOwnPropertyNames(type.prototype).filter(
    (name) => definesAction(type, name) && name !== 'constructor',
  )
  return new UnknownActionError({
    controller: type.name,
    action,
    where: whereOf(route),
    hint: didYouMean(action, known),
  })
}
