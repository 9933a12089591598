/** Draws the routes of `resources` and `resource`, and makes the frames of what is nested in them. */
import { drawConstrained } from './constrained'
import type { ParamPattern } from './constraints'
import { BadResourceError } from './errors'
import { type Frame, moduleIn, nameIn, settledTarget } from './frame'
import { joinPath } from './pattern'
import { chosenRoutes, type ResourceCall, type ResourceOptions, resourcePlace } from './resource'
import type { RouteSink } from './route-draft'
import { addTo } from './route-drawing'

/**
 * @param nest draws what is nested, in the frame it is given.
 * @throws BadResourceError, MissingActionError, BadConstraintError
 */
export function drawResource(
  sink: RouteSink,
  frame: Frame,
  call: ResourceCall,
  nest: (inside: Frame) => void,
): void {
  const { name, controller, options, source } = call
  if (typeof controller !== 'function' && (typeof controller !== 'string' || controller === '')) {
    throw new BadResourceError({
      resource: name,
      source,
      reason: 'needs a controller: a class or its name',
    })
  }
  const { constraints, module, defaults, shallow } = options
  drawConstrained(frame, { constraints, source }, (constrained) => {
    const outer: Frame = {
      ...frame,
      ...constrained,
      module: moduleIn(frame, module),
      defaults: { ...frame.defaults, ...defaults },
      isShallow: shallow ?? frame.isShallow,
    }
    nest(drawIn(sink, outer, call))
  })
}

/** @returns the frame of what is nested. */
function drawIn(sink: RouteSink, outer: Frame, call: ResourceCall): Frame {
  const { controller, source, options } = call
  const above = outer.isShallow ? outer.base : outer
  const place = resourcePlace(call, outer.path, above.path)
  const own = { ...outer, controller, order: 'verb-first' as const, resource: null }
  const frames = {
    collection: { ...own, path: place.collectionPath, names: [...outer.names, place.collectionName] },
    member: { ...own, path: place.memberPath, names: [...above.names, place.memberName] },
  }
  const known = typeof controller === 'string' ? `${outer.module}${controller}` : controller
  const routes = chosenRoutes({ ...call, controller: known }, (target, action) =>
    sink.implementsAction(target, action),
  )
  for (const { action, methods, on, suffix } of routes) {
    // "new" lies on the path of the collection, but is named after the element: new_article, new_shop_article.
    const naming =
      suffix === 'new' ? { ...frames.member, names: [...outer.names, place.memberName] } : frames[on]
    for (const method of methods) {
      addTo(sink, outer, {
        method,
        pattern: joinPath(frames[on].path, suffix, source),
        // The name of an action where a controller is in scope is always a target.
        ...settledTarget(action, own)!,
        name: nameIn(naming, suffix),
        isNameGiven: false,
        defaults: outer.defaults,
        conditions: outer.conditions,
        params: outer.params,
        isMount: false,
        source,
      })
    }
  }
  return {
    ...own,
    params: { ...outer.params, ...nestedParam(place.param, options, outer.params) },
    path: place.nestedPath,
    names: frames.member.names,
    order: 'verb-last',
    resource: frames,
  }
}

/** What an element's parameter may be, it may be under its longer name too: `:id` and `:article_id`. */
function nestedParam(
  longName: string | null,
  { param = 'id' }: ResourceOptions,
  params: Readonly<Record<string, ParamPattern>>,
): Readonly<Record<string, ParamPattern>> {
  const pattern = Object.hasOwn(params, param) ? params[param] : undefined
  return longName === null || pattern === undefined ? {} : { [longName]: pattern }
}
