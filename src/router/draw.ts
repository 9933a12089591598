/** Collects what the callbacks of `rage.routes` draw, and lets the runtime resolve each target. */
import { METHODS } from 'node:http'
import { didYouMean } from '../kernel'
import { MisplacedCallError, UnknownVerbError } from './errors'
import { Mapper } from './mapper'
import { NamedPaths } from './named-paths'
import { withoutOptionalParts } from './optional-parts'
import { parsePattern } from './pattern'
import type { Route } from './route'
import type { RouteDraft, RouteSink } from './route-draft'
import type { AnyHandler, ControllerRef } from './target'

/** What the router needs to know of controllers; the runtime answers. */
export interface DrawPorts<T> {
  /** Turns a target into what the tree shall hold, or throws a coded error that names `route.source`. */
  resolve(target: unknown, route: Route): T
  /** Whether the controller has a method of that name that may be an action. */
  implementsAction(controller: ControllerRef, action: string): boolean
}

export interface Drawn<T> {
  readonly route: Route
  readonly value: T
}

export class Draw<T> {
  /** Names of all routes drawn so far. */
  readonly paths = new NamedPaths()
  readonly #ports: DrawPorts<T>
  readonly #routes: Route[] = []
  readonly #concerns: RouteSink['concerns'] = new Map()

  constructor(ports: DrawPorts<T>) {
    this.#ports = ports
  }

  /** All routes drawn so far, in order. */
  get routes(): readonly Route[] {
    return this.#routes
  }

  /**
   * Runs one callback and resolves the targets of its routes.
   *
   * @returns the routes of this callback, to be added to a tree.
   * @throws the router's errors, and whatever `resolve` throws.
   */
  draw<Reserved extends string = never, Handler = AnyHandler>(
    callback: (r: Mapper<Reserved, Handler>) => void,
  ): readonly Drawn<T>[] {
    const routes: Route[] = []
    let isOpen = true
    const sink: RouteSink = {
      get count() {
        return routes.length
      },
      add: (draft) => {
        const { method, source } = draft
        if (!isOpen)
          throw new MisplacedCallError({ call: method, source, reason: 'comes after routes() had ended' })
        routes.push(...this.#routesOf(draft))
      },
      addErrorHandler: (handler, from) => {
        // Not yet handed out: routes are resolved when the callback has ended.
        for (const { errorHandlers } of routes.slice(from)) (errorHandlers as AnyHandler[]).push(handler)
      },
      implementsAction: (controller, action) => this.#ports.implementsAction(controller, action),
      concerns: this.#concerns,
    }
    try {
      callback(new Mapper<Reserved, Handler>(sink))
    } finally {
      isOpen = false
    }
    const drawn = routes.map((route) => ({ route, value: this.#ports.resolve(route.target, route) }))
    this.#routes.push(...routes)
    return drawn
  }

  /** One for each way to fill the optional parts. */
  #routesOf(draft: RouteDraft): Route[] {
    const { pattern, target, defaults, conditions, middlewares, errorHandlers, isMount, source } = draft
    const method = isMount ? '*' : verbOf(draft.method, source)
    const paths = withoutOptionalParts(pattern, source)
    const variants = paths.map((path) => parsePattern(path, source, draft.params))
    const named = { pattern, variants, source }
    const name = draft.isNameGiven
      ? this.paths.claim(draft.name, named)
      : this.paths.suggest(draft.name, named)
    return paths.map((path, index) =>
      Object.freeze({
        method,
        pattern,
        path,
        segments: variants[index]!,
        target,
        name,
        defaults,
        conditions,
        middlewares,
        errorHandlers: [...errorHandlers],
        isMount,
        source,
      }),
    )
  }
}

// A CONNECT request never reaches a request handler.
const verbs = METHODS.filter((method) => method !== 'CONNECT')

function verbOf(given: unknown, source: string): string {
  const verb = typeof given === 'string' ? given.toUpperCase() : ''
  if (verbs.includes(verb)) return verb
  throw new UnknownVerbError({ verb: given, source, hint: didYouMean(verb, verbs) })
}
