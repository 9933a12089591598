/** `rage.context()`: gives legacy routes the request id, logger and `Current` of the runtime. */
import { callInContext } from '../../src/context'
import type { Request, Response } from '../../src/http'
import type { Done, HostedApplication, Middleware } from '../../src/runtime'
import { keepSettingsOpen } from './late-settings'
import type { MountHandler, ParentApp } from './mount'
import { Reentry } from './reentry'
import { enterAtRouter } from './router-entrance'
import { unwrap } from './sub-app'

export function createContextMiddleware(app: HostedApplication): Middleware {
  const reentry = new Reentry(app)
  const open = ((req: Request, res: Response, next: Done): void => {
    const context = app.contextOf(req, res)
    app.logRequest(req, res)
    reentry.update()
    callInContext(context, next as (argument: undefined) => void, undefined)
  }) as unknown as MountHandler
  open.handle = open
  open.set = () => undefined
  open.emit = (event: string, parent: ParentApp) => {
    const layer = event === 'mount' ? unwrap(parent, open) : null
    if (layer === null) return
    keepSettingsOpen(parent, layer)
    reentry.mountedAt(parent, layer)
    if (open.mountpath === '/') enterAtRouter(parent, layer, open)
  }
  return open
}
