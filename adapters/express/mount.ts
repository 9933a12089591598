/**
 * `rage.mount()`: offers each request to the runtime and lets the rest fall through, synchronously and
 * untouched. Express takes the handler for a sub-app (it has `handle`, `set` and `emit`), which tells us the
 * app and path it was mounted at; routers, Connect and bare servers call it as a plain middleware.
 */
import { pathnameOf, type Request, type Response } from '../../src/http'
import type { Done, HostedApplication, Middleware, MountOptions } from '../../src/runtime'
import { refuseConflicts } from './conflicts'
import { refuseOwned } from './exclusive'
import { fallThroughFast } from './fast-fall-through'
import { keepSettingsOpen } from './late-settings'
import { MountRouting } from './routing'
import type { Servers } from './servers'
import { settingsOf } from './settings'
import { unwrap } from './sub-app'
import type { Upgrades } from './upgrades'

/** What Express expects of a sub-app. */
export interface MountHandler extends Middleware {
  handle: Middleware
  set: () => void
  emit: (event: string, parent: ParentApp) => void
  /** Written by Express. */
  mountpath?: string | readonly string[]
  parent?: ParentApp
}

/** An Express app or, through `parent`, the app it is mounted in. */
export type ParentApp = ((...args: never[]) => unknown) & { parent?: ParentApp }

export function createMount(
  app: HostedApplication,
  { upgrades, servers }: { readonly upgrades: Upgrades; readonly servers: Servers },
  { exclusive = false }: MountOptions = {},
): MountHandler {
  const mount = ((req: Request, res: Response, next: Done): void => {
    const pathname = pathnameOf(req.url ?? '/')
    if (app.cablePath === pathname && req.headers?.upgrade !== undefined) return upgrades.take(req, res)
    const rules = routing.for(req.app)
    const match = app.find(req.method ?? 'GET', pathname, rules, req)
    if (match === null) return exclusive ? refuseOwned(app, { req, res, pathname, rules }, next) : next()
    app.serve(match, req, res, settingsOf(req.app), next)
  }) as unknown as MountHandler
  const routing = new MountRouting(mount)

  mount.handle = mount
  mount.set = () => undefined
  mount.emit = (event, parent) => {
    if (event !== 'mount') return
    servers.mountedOn(parent)
    refuseConflicts(parent, mount.mountpath ?? '/', app)
    const layer = unwrap(parent, mount)
    if (layer === null) return
    fallThroughFast(layer, app, exclusive)
    keepSettingsOpen(parent, layer)
  }
  return mount
}
