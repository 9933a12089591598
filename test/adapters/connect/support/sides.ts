/** One handler under a real Express and standalone, and what a client sees of both. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import express4 from 'express4'
import type { Rage } from '../../../../src'
import { atEnd, makeRage } from '../../../runtime/support/runtimes'

/** Handlers and middlewares of Express have types of their own. */
// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript would write them.
export type Loose = any
export type LooseHandler = (req: Loose, res: Loose, next: Loose) => unknown

export interface Ask {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string
}

export interface Seen {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** Headers that differ for reasons of their own; the pages name them. */
const ownHeaders = ['date', 'x-powered-by', 'x-request-id', 'connection', 'keep-alive']

const open = new WeakMap<RequestListener, Promise<Server>>()

function serverOf(listener: RequestListener): Promise<Server> {
  let server = open.get(listener)
  if (server === undefined) {
    server = (async () => {
      const made = createServer(listener).listen(0, '127.0.0.1')
      atEnd(() => {
        made.closeAllConnections()
        made.close()
      })
      await once(made, 'listening')
      return made
    })()
    open.set(listener, server)
  }
  return server
}

export async function ask(listener: RequestListener, given: Ask = {}): Promise<Seen> {
  const { method = 'GET', path = '/x', headers = {}, body } = given
  const { port } = (await serverOf(listener)).address() as AddressInfo
  const outgoing = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: { Host: 'shop.test:8080', ...headers },
  })
  outgoing.end(body)
  const [res] = (await once(outgoing, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk as Buffer)
  const kept = Object.entries(res.headers).filter(([name]) => !ownHeaders.includes(name))
  return {
    status: res.statusCode!,
    reason: res.statusMessage!,
    headers: Object.fromEntries(
      kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, alike(name, value)]),
    ),
    body: Buffer.concat(chunks).toString('latin1'),
  }
}

/** content-disposition 2 (Express 5.3) leaves out quotes that are not needed. */
function alike(name: string, value: unknown): unknown {
  if (name === 'content-disposition') return String(value).replace(/filename="([\w.-]+)"/, 'filename=$1')
  return value
}

export type Major = 4 | 5

export function expressApp(major: Major): Loose {
  return major === 4 ? (express4 as Loose)() : (express as Loose)()
}

/** The handlers at `/x`, for every method, in a real Express. */
export function underExpress(
  major: Major,
  handlers: readonly LooseHandler[],
  settings: object = {},
): RequestListener {
  const app = expressApp(major)
  app.set('env', 'test')
  for (const [name, value] of Object.entries(settings)) app.set(name, value)
  app.all('/x', ...handlers)
  return app
}

/** The same handlers standalone. */
export function standalone(
  major: Major,
  handlers: readonly LooseHandler[],
  settings: Readonly<Record<string, unknown>> = {},
  prepare: (rage: Rage) => void = () => undefined,
): RequestListener {
  const { rage } = makeRage({ connect: { express: major, settings }, logger: { requests: false } })
  prepare(rage)
  rage.routes((r: Loose) => r.match('/x', handlers.length === 1 ? handlers[0] : handlers, { via: 'all' }))
  return rage.handler()
}

/** What both show of one request. */
export async function both(
  major: Major,
  handler: LooseHandler,
  given: Ask = {},
  settings: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly express: Seen; readonly rage: Seen }> {
  return {
    express: await ask(underExpress(major, [handler], settings), given),
    rage: await ask(standalone(major, [handler], settings), given),
  }
}

/** The handlers owned by a runtime that is mounted in a real Express. */
export function mounted(major: Major, handlers: readonly LooseHandler[]): RequestListener {
  const { rage } = makeRage({ logger: { requests: false } })
  rage.routes((r: Loose) => r.match('/x', handlers, { via: 'all' }))
  const app = expressApp(major)
  app.set('env', 'test')
  app.use(rage.mount())
  return app
}
