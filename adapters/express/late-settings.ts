/**
 * Lets settings made after `app.use(rage.mount())` take effect. An app reads `case sensitive routing`, `strict
 * routing` and, in Express 4, `query parser` when it first gets something to route, and never again. A mount in
 * front of everything must not be that something: as long as an app holds nothing but ours, its router reads
 * them when the next thing is added.
 */
import type { Layer } from './router-stack'

interface App {
  enabled: (setting: string) => boolean
  /** Express 4. */
  _router?: { readonly stack: Layer[] }
  lazyrouter?: () => void
  /** Express 5. */
  readonly router?: Flags & { readonly stack: readonly Layer[] }
}

interface Flags {
  caseSensitive: boolean
  strict: boolean
}

const ours = new WeakSet<Layer>()

/** @param layer that of a mount or context, just pushed by `parent`. */
export function keepSettingsOpen(parent: unknown, layer: Layer): void {
  ours.add(layer)
  const app = parent as App
  if (app.lazyrouter !== undefined) buildAgain(app)
  else if (app.router?.stack.every((each) => ours.has(each))) readLater(app, app.router)
}

/** Express 4 makes a router when something asks for one; the old one is dropped, the next one gets our layers. */
function buildAgain(app: App): void {
  const old = app._router
  if (old === undefined || !holdsNothingElse(old)) return
  const settle = (router: App['_router']): void => {
    Object.defineProperty(app, '_router', {
      value: router,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  Object.defineProperty(app, '_router', {
    configurable: true,
    enumerable: true,
    get: () => {
      settle(old)
      // The same call of `app.use` may have given it more: then it is in use, with the settings of that moment.
      if (!holdsNothingElse(old)) return old
      settle(undefined)
      app.lazyrouter!()
      app._router!.stack.push(...old.stack.slice(2))
      return app._router
    },
    set: settle,
  })
}

/** Express 4 begins every router with two layers of its own. */
function holdsNothingElse({ stack: [query, init, ...layers] }: { readonly stack: Layer[] }): boolean {
  return query?.name === 'query' && init?.name === 'expressInit' && layers.every((each) => ours.has(each))
}

/** Express 5 keeps its router for good; both flags are read whenever something is added. */
function readLater(app: App, router: Flags): void {
  const flags = { caseSensitive: 'case sensitive routing', strict: 'strict routing' }
  const settle = (): void => {
    for (const [flag, setting] of Object.entries(flags)) {
      const value = app.enabled(setting)
      Object.defineProperty(router, flag, { value, writable: true, enumerable: true, configurable: true })
    }
  }
  for (const flag of ['caseSensitive', 'strict'] as const) {
    Object.defineProperty(router, flag, {
      configurable: true,
      enumerable: true,
      get: () => {
        settle()
        return router[flag]
      },
      set: (value) => {
        settle()
        router[flag] = value
      },
    })
  }
}
