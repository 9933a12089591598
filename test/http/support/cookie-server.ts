/** Serves the actions of one controller by name (`/show` runs `show`), on Node's own server or in an app, with secrets. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import supertest from 'supertest'
import {
  type ConcreteController,
  type Controller,
  compilePlan,
  dispatch,
  Exchange,
} from '../../../src/controller'
import { type Request, type Response, Secrets, type SessionOptions, sessionOptions } from '../../../src/http'
import { resolveOptions } from '../../../src/kernel'

export const secret = 'the newest secret of this application'
export const oldSecret = 'a secret that was in use until lately'

export interface CookieServerOptions {
  /** `null` = none. Default: `secret` alone. */
  readonly secrets?: readonly string[] | null
  readonly session?: SessionOptions
}

export type Handle = (req: IncomingMessage, res: ServerResponse) => void

/** The handler, and what was logged as an error. Errors that nothing rescued are answered as `500 <message>`. */
export function cookieHandler(
  controller: new (exchange: Exchange) => Controller,
  options: CookieServerOptions = {},
) {
  const errors: Error[] = []
  const logger = {
    trace() {},
    debug() {},
    info() {},
    warn() {},
    fatal() {},
    error: (it: unknown) => void errors.push(it as Error),
  }
  const { secrets = [secret] } = options
  const cookies = {
    secrets: secrets === null ? null : new Secrets(secrets),
    session: resolveOptions(sessionOptions, options.session, 'session'),
  }
  const settings = { etag: null, stringify: (value: unknown) => JSON.stringify(value) }
  const run = async (req: Request, res: Response): Promise<void> => {
    try {
      const plan = compilePlan(controller as unknown as ConcreteController, req.url!.slice(1), 'test')
      await dispatch(
        plan,
        new Exchange({
          req,
          res,
          logger,
          settings,
          pathParams: {},
          paramLimits: { maxDepth: 5, maxParams: 100 },
          body: null,
          cookies,
        }),
      )
    } catch (error) {
      res.statusCode = 500
      res.end((error as Error).message)
    }
  }
  const handle: Handle = (req, res) => void run(req as Request, res as Response)
  return { handle, errors }
}

/** A supertest agent that keeps no cookies by itself: each test says what the browser sends. */
export function cookieServer(
  controller: new (exchange: Exchange) => Controller,
  options: CookieServerOptions = {},
) {
  const { handle, errors } = cookieHandler(controller, options)
  return { agent: supertest(createServer(handle)), errors }
}

/** The `Set-Cookie` headers of an answer. */
export function setCookies(answer: { headers: Record<string, unknown> }): readonly string[] {
  return (answer.headers['set-cookie'] as readonly string[] | undefined) ?? []
}

/** What a browser sends back: names and values without attributes. */
export function sentBack(answer: { headers: Record<string, unknown> }): string {
  return setCookies(answer)
    .map((line) => line.split(';')[0])
    .join('; ')
}
