/** Draws single routes: what a verb, `match`, `root` or `mount` was called with, in the frame it was called in. */
import { drawConstrained } from './constrained'
import { BadTargetError } from './errors'
import { type Frame, nameIn, settledTarget, wordOf } from './frame'
import { refuseUnknownOptions } from './known-options'
import { joinPath } from './pattern'
import type { RouteOptions } from './route'
import type { RouteDraft, RouteSink } from './route-draft'

/** What a verb, `match`, `root` or `mount` was called with. */
export interface RouteCall {
  readonly call: string
  readonly methods: readonly string[]
  readonly path: string
  readonly target: unknown
  readonly options: RouteOptions
  /** For the name, instead of the path. */
  readonly word?: string
  readonly source: string
}

const routeOptions = ['as', 'defaults', 'constraints']
const matchOptions = [...routeOptions, 'via']

/** One route per method. @throws BadTargetError, UnknownRouteOptionError, BadConstraintError */
export function drawRoute(sink: RouteSink, frame: Frame, route: RouteCall): void {
  const { call, methods, path, target, options, word, source } = route
  const pattern = joinPath(frame.path, path, source)
  refuseUnknownOptions(call, options, { known: call === 'match' ? matchOptions : routeOptions, source })
  // Where a controller is in scope, a path alone is the action of that name.
  const settled = settledTarget(target === undefined && frame.controller !== null ? path : target, frame)
  if (settled === null) throw new BadTargetError({ pattern, given: target, source })
  drawConstrained(frame, { constraints: options.constraints, source }, (constrained) => {
    for (const method of methods) {
      addTo(sink, frame, {
        method,
        pattern,
        ...settled,
        name: nameIn(frame, options.as ?? word ?? wordOf(path)),
        isNameGiven: options.as !== undefined,
        defaults: { ...frame.defaults, ...options.defaults },
        ...constrained,
        isMount: call === 'mount',
        source,
      })
    }
  })
}

/** Behind the middlewares of its frame. */
export function addTo(sink: RouteSink, { middlewares }: Frame, draft: RouteDraft): void {
  sink.add({ ...draft, middlewares: [...middlewares, ...draft.middlewares] })
}
