/**
 * `rage.front(app)`: looks at owned routes before the Express app sees the request, so that nothing of Express is paid
 * for them. Everything else reaches the app as it came. Responses follow the app's settings, and handlers in
 * Express's form get the app's own request and response prototypes, as the app itself would give them.
 */
import { IncomingMessage, type ServerResponse } from 'node:http'
import { pathnameOf, type Request, type Response } from '../../src/http'
import type { Done, Entry, Fail, HostedApplication } from '../../src/runtime'
import type { Servers } from './servers'
import { routingOf, settingsOf } from './settings'
import type { Upgrades } from './upgrades'

interface Parts {
  readonly app: HostedApplication
  readonly upgrades: Upgrades
  readonly servers: Servers
  /** The Express app, or any other handler. */
  readonly legacy: Entry
  readonly fail: Fail
}

export function createFront({ app, upgrades, servers, legacy, fail }: Parts): Entry {
  const settings = settingsOf(legacy)
  const express = isExpressApp(legacy) ? legacy : null

  const front = (req: Request, res: Response): void => {
    const pathname = pathnameOf(req.url ?? '/')
    // Handshakes pass the app's session and authentication where the app has the mount.
    if (app.cablePath === pathname && req.headers.upgrade !== undefined && !servers.isMounted)
      return upgrades.take(req, res)
    const isPlain = req instanceof IncomingMessage
    const isExpress = express !== null && isPlain
    const prototype = isExpress ? express.request : undefined
    const match = app.find(req.method!, pathname, routingOf(legacy), req, prototype)
    const pass = express === null || isPlain ? legacy : askForOlderVersion
    if (match === null) return pass(req, res)
    let isPassedOn = false
    const done: Done = (error) => {
      if (error && error !== 'route' && error !== 'router') return fail(req, res, error)
      // A handler that calls next() twice must not have the app do everything twice.
      if (isPassedOn) return
      isPassedOn = true
      pass(req, res)
    }
    const { handler, chain, plan } = match.store.value
    if (isExpress && (handler !== null || chain !== null || plan?.usesMiddleware === true))
      dress(req, res, express, done)
    app.serve(match, req, res, settings, done)
  }

  const entry: Entry = (req: IncomingMessage, res: ServerResponse) => front(req as Request, res as Response)
  servers.addFront(entry, legacy)
  return entry
}

/** Of RFC 9113, section 7: "the endpoint requires that HTTP/1.1 be used". Browsers then ask again with that. */
const http11Required = 0xd

/** An Express app puts the prototypes of HTTP/1.1 on requests of HTTP/2, which ends the process. */
function askForOlderVersion(_req: IncomingMessage, res: ServerResponse): void {
  const { stream } = res as ServerResponse & { stream?: { close(code: number): void } }
  stream?.close(http11Required)
}

/** What the app gives to requests before its first layer sees them; the same in both majors. */
interface ExpressApp {
  readonly request: object
  readonly response: object
  get(name: string): unknown
}

function isExpressApp(app: unknown): app is ExpressApp {
  const { request, response } = app as Partial<ExpressApp>
  return typeof request === 'object' && typeof response === 'object'
}

function dress(req: Request, res: Response, app: ExpressApp, next: Done): void {
  Object.setPrototypeOf(req, app.request)
  Object.setPrototypeOf(res, app.response)
  req.res = res
  req.next = next
  req.originalUrl ??= req.url
  req.baseUrl ??= ''
  res.locals ??= Object.create(null)
  // Express 5 has it on the prototype; 4 makes it in its first layer.
  if ('query' in req) return
  const parse = app.get('query parser fn') as ((query: string) => unknown) | undefined
  const url = req.url ?? '/'
  const queryAt = url.indexOf('?')
  req.query = parse?.(queryAt === -1 ? '' : url.slice(queryAt + 1)) ?? {}
}
