/** Serves one action on a real http server, without router or runtime, and asks it with supertest. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import supertest from 'supertest'
import {
  type ConcreteController,
  compilePlan,
  dispatch,
  Exchange,
  PassOn,
  type Renderers,
} from '../../../src/controller'
import {
  hasUnreadBody,
  httpOptions,
  type Request,
  type Response,
  type ResponseSettings,
  readBody,
} from '../../../src/http'
import { resolveOptions } from '../../../src/kernel'

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} }
const http = resolveOptions(httpOptions, { bodyLimitBytes: 1000, maxDepth: 5 }, 'http')
const plain: ResponseSettings = { etag: null, stringify: (value) => JSON.stringify(value) }

interface Surroundings {
  readonly renderers?: Renderers
  /** Told of everything that nothing rescued. */
  readonly onError?: (error: unknown) => void
  /** Told when a request is done, with its exchange. */
  readonly onDone?: (exchange: Exchange) => void
}

/** Asks the server of `serverOf` with supertest. */
export function serve(
  controller: unknown,
  action: string,
  params: Record<string, unknown> = {},
  surroundings: Surroundings = {},
) {
  return supertest(serverOf(controller, action, params, surroundings))
}

/** Errors that nothing rescued are answered as `500 <name>: <message>`, what is passed on as `404 passed on: <to>`. */
export function serverOf(
  controller: unknown,
  action: string,
  params: Record<string, unknown> = {},
  surroundings: Surroundings = {},
): Server {
  const plan = compilePlan(controller as ConcreteController, action, 'test')
  const handle = async (req: Request, res: Response): Promise<void> => {
    try {
      const body = hasUnreadBody(req, http) ? await readBody(req, res, http) : undefined
      const exchange = new Exchange({
        req,
        res,
        logger: silent,
        settings: plain,
        renderers: surroundings.renderers ?? null,
        pathParams: params,
        paramLimits: http,
        body,
      })
      try {
        await dispatch(plan, exchange)
      } finally {
        surroundings.onDone?.(exchange)
      }
    } catch (error) {
      surroundings.onError?.(error)
      if (res.headersSent) return void res.destroy()
      const { name, message, status } = error as { name: string; message: string; status?: number }
      res.statusCode = error instanceof PassOn ? 404 : (status ?? 500)
      res.end(error instanceof PassOn ? `passed on: ${error.to}` : `${name}: ${message}`)
    }
  }
  return createServer(
    (req: IncomingMessage, res: ServerResponse) => void handle(req as Request, res as Response),
  )
}
