/** Serves one action on a real http server, without router or runtime, and asks it with supertest. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import supertest from 'supertest'
import { type ConcreteController, compilePlan, dispatch, Exchange } from '../../../src/controller'
import {
  hasUnreadBody,
  type Request,
  type Response,
  type ResponseSettings,
  readBody,
} from '../../../src/http'

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} }
const plain: ResponseSettings = { etag: null, stringify: (value) => JSON.stringify(value) }

/** Errors that nothing rescued are answered as `500 <name>: <message>`. */
export function serve(controller: unknown, action: string, params: Record<string, unknown> = {}) {
  const plan = compilePlan(controller as ConcreteController, action, 'test')
  const handle = async (req: Request, res: Response): Promise<void> => {
    try {
      const body = hasUnreadBody(req) ? await readBody(req, { bodyLimitBytes: 1000 }) : undefined
      await dispatch(
        plan,
        new Exchange({ req, res, logger: silent, settings: plain, pathParams: params, maxDepth: 5, body }),
      )
    } catch (error) {
      const { name, message, status } = error as { name: string; message: string; status?: number }
      res.statusCode = status ?? 500
      res.end(`${name}: ${message}`)
    }
  }
  return supertest(
    createServer((req: IncomingMessage, res: ServerResponse) => void handle(req as Request, res as Response)),
  )
}
