/** Draws routes over plain classes, and puts them into a tree. */
import {
  type AnyHandler,
  type ControllerRef,
  Draw,
  type Mapper,
  type Route,
  RouteTree,
} from '../../src/router'

/** Actions of the controllers that are given by name. */
export const namedControllers: Record<string, readonly string[]> = {
  articles: ['index', 'show'],
  'admin/articles': ['index'],
}

export function drawing(): Draw<string> {
  return new Draw<string>({
    resolve: (_target, route) => `${route.method} ${route.pattern}`,
    implementsAction,
  })
}

export function drawn<Reserved extends string = never, Handler = AnyHandler>(
  callback: (r: Mapper<Reserved, Handler>) => void,
): readonly Route[] {
  const draw = drawing()
  draw.draw(callback)
  return draw.routes
}

/** `GET /articles Articles#index articles`, for each route. */
export function lines(routes: readonly Route[]): string[] {
  return routes.map(({ method, pattern, target, name }) => {
    const shown = Array.isArray(target) ? `${target[0].name}#${target[1]}` : String(target)
    return `${method} ${pattern} ${shown} ${name ?? '-'}`
  })
}

export function treeOf(
  callback: (r: Mapper) => void,
  settings: { caseSensitive?: boolean; strict?: boolean } = {},
): RouteTree<string> {
  const tree = new RouteTree<string>({ caseSensitive: false, strict: false, ...settings })
  for (const { route, value } of drawing().draw(callback)) tree.add(route, value)
  return tree
}

function implementsAction(controller: ControllerRef, action: string): boolean {
  if (typeof controller === 'string') return namedControllers[controller]?.includes(action) ?? false
  return typeof (controller.prototype as Record<string, unknown>)[action] === 'function'
}
