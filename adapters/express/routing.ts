/**
 * How paths are compared where a mount stands. What counts is what the router was made with, not what the app is
 * set to now: guards beside the mount go by that. Where app and router differ, the stricter rule.
 */
import { layersOf } from './router-stack'
import { type Routing, routingOf, rulesFor } from './settings'

interface Flags {
  readonly caseSensitive?: boolean
  readonly strict?: boolean
}

/** The rules of one mount: asked at every request that meets it. */
export class MountRouting {
  readonly #mount: unknown
  /** Apps the mount was given to by `app.use`, with their routers' rules once those cannot change any more. */
  readonly #byApp = new WeakMap<object, Routing>()

  constructor(mount: unknown) {
    this.#mount = mount
  }

  /** @param app the app that handles the request, if one does. */
  for(app: unknown): Routing {
    if (typeof app !== 'function') return routingOf(app)
    let rules = this.#byApp.get(app)
    if (rules === undefined) this.#byApp.set(app, (rules = strictest(app, this.#mount)))
    const now = routingOf(app)
    if (now === rules) return rules
    return rulesFor(rules.caseSensitive || now.caseSensitive, rules.strict || now.strict)
  }
}

/** Of the routers that hold the mount; when none is seen to (it is wrapped in a function), of all. */
function strictest(app: unknown, mount: unknown): Routing {
  const holding: Flags[] = []
  const all: Flags[] = []
  const visit = (router: unknown): void => {
    const layers = layersOf(router)
    if (layers === null || all.includes(flagsOf(router))) return
    all.push(flagsOf(router))
    for (const { handle } of layers) {
      if (handle === mount) holding.push(flagsOf(router))
      else visit(handle)
    }
  }
  visit(app)
  const routers = holding.length > 0 ? holding : all
  return rulesFor(
    routers.some(({ caseSensitive }) => caseSensitive === true),
    routers.some(({ strict }) => strict === true),
  )
}

/** An app's flags are on its router. */
function flagsOf(appOrRouter: unknown): Flags {
  const candidate = appOrRouter as { stack?: unknown; lazyrouter?: unknown; _router?: Flags; router?: Flags }
  if (Array.isArray(candidate.stack)) return candidate as Flags
  return (candidate.lazyrouter === undefined ? candidate.router : candidate._router) ?? {}
}
