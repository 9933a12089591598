/**
 * `rage.mount()`: offers each request to the runtime and lets the rest fall through, synchronously and
 * untouched. Express takes the handler for a sub-app (it has `handle`, `set` and `emit`), which tells us the
 * app and path it was mounted at; routers, Connect and bare servers call it as a plain middleware.
 */
import type { Request, Response } from '../../src/http'
import type { Done, HostedApplication, Middleware } from '../../src/runtime'
import { refuseConflicts } from './conflicts'
import { fallThroughFast } from './fast-fall-through'
import { routingOf, settingsOf } from './settings'
import { pendingUpgrade, type Upgrades } from './upgrades'

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

export function createMount(app: HostedApplication, upgrades: Upgrades): MountHandler {
  const mount = ((req: Request, res: Response, next: Done): void => {
    const url = req.url ?? '/'
    const queryAt = url.indexOf('?')
    const pathname = queryAt === -1 ? url : url.slice(0, queryAt)
    if (app.cablePath === pathname && req.headers?.upgrade !== undefined) return takeUpgrade(req, res)
    const match = app.find(req.method ?? 'GET', pathname, routingOf(req.app))
    if (match === null) return next()
    app.serve(match, req, res, settingsOf(req.app), next)
  }) as unknown as MountHandler

  const takeUpgrade = (req: Request, res: Response): void => {
    const pending = pendingUpgrade(req)
    if (pending !== null) return pending.accept((socket, head) => app.upgrade(req, socket, head))
    // The server has no upgrade listener yet, so Node sent the handshake as an ordinary request. It has one
    // from now on, and every cable client tries again.
    upgrades.attach((req.socket as unknown as { server: never }).server)
    res.statusCode = 426
    res.setHeader('Upgrade', 'websocket')
    res.setHeader('Connection', 'Upgrade, close')
    res.end()
  }

  mount.handle = mount
  mount.set = () => undefined
  mount.emit = (event, parent) => {
    if (event !== 'mount') return
    upgrades.mountedOn(parent)
    refuseConflicts(parent, mount.mountpath ?? '/', app)
    fallThroughFast(parent, app)
  }
  return mount
}
