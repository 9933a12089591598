/**
 * connect: Express's `req` and `res` for handlers and middlewares that run where there is no Express: standalone, in
 * plain Connect. Made once as prototypes; does *not* import Express, nor route.
 */
import { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Request, Response } from '../../src/http'
import type { Done, Surface, SurfaceSeed } from '../../src/runtime'
import { StandInApp } from './app'
import { forEachBase } from './prototype'
import { createRequestPrototype } from './request'
import { createResponsePrototype } from './response'
import { addOlderForms } from './response-4'
import type { Major } from './settings'

export { NotAcceptableError, NoViewEngineError, UnknownSettingValueError, ViewNotFoundError } from './errors'

/** @throws UnknownSettingValueError */
export function createSurface(seed: SurfaceSeed): Surface {
  const major = seed.express === 'auto' ? installedMajor(seed.root) : seed.express
  const app = new StandInApp(seed, major)
  const requestOn = forEachBase(IncomingMessage.prototype, (base) => createRequestPrototype(base, app))
  const responseOn = forEachBase(ServerResponse.prototype, (base) => {
    const prototype = createResponsePrototype(base, app)
    if (major === 4) addOlderForms(prototype)
    return prototype
  })
  return {
    response: app.compiled.response,
    routing: {
      caseSensitive: app.enabled('case sensitive routing'),
      strict: app.enabled('strict routing'),
    },
    prototypeFor: (req) => requestOn(Object.getPrototypeOf(req)),
    dress(req: Request, res: Response, next: Done): void {
      if (req.app !== undefined) return
      Object.setPrototypeOf(req, requestOn(Object.getPrototypeOf(req)))
      Object.setPrototypeOf(res, responseOn(Object.getPrototypeOf(res)))
      req.res = res
      req.next = next
      req.originalUrl ??= req.url
      req.baseUrl ??= ''
      res.locals ??= Object.create(null)
    },
    engine: (extension, render) => void app.engine(extension, render),
  }
}

/** Of the Express that the app would load; it need not be there. */
function installedMajor(root: string): Major {
  try {
    const { version } = createRequire(join(root, 'package.json'))('express/package.json') as {
      version: string
    }
    return version.startsWith('4.') ? 4 : 5
  } catch {
    return 5
  }
}
