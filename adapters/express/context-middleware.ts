/** `rage.context()`: gives legacy routes the request id, logger and `Current` of the runtime. */
import { callInContext } from '../../src/context'
import type { Request, Response } from '../../src/http'
import type { Done, HostedApplication, Middleware } from '../../src/runtime'

export function createContextMiddleware(app: HostedApplication): Middleware {
  return ((req: Request, res: Response, next: Done): void => {
    const context = app.contextOf(req)
    app.logRequest(req, res)
    callInContext(context, next as (argument: undefined) => void, undefined)
  }) as unknown as Middleware
}
