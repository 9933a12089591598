/** A cable on a real HTTP server, and a client that shows every byte-level message. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { Cable, type CableOptions, type ChannelClass, Connection, cableOptions } from '../../src/cable'
import type { Context } from '../../src/context'
import { type Clock, resolveOptions, Scope } from '../../src/kernel'
import { createLoggers } from '../../src/logger'
import { LocalBus } from '../../src/pubsub'
import { ErrorReports, Telemetry, type TelemetryHandlerClass } from '../../src/telemetry'
import { FakeClock } from '../../src/testing'

export type Line = Readonly<Record<string, unknown>> & { readonly msg: string }

export interface World {
  readonly cable: Cable
  readonly clock: FakeClock
  readonly scope: Scope
  readonly bus: LocalBus
  readonly lines: Line[]
  readonly url: string
  readonly server: Server
  readonly reported: unknown[]
  /** Sockets as the server sees them, in the order they connected. */
  readonly sockets: Socket[]
  connect(options?: ConnectOptions): TestClient
  /** A client that is connected and welcomed. */
  join(options?: ConnectOptions): Promise<TestClient>
}

export interface ConnectOptions extends ClientOptions {
  readonly protocols?: readonly string[]
  readonly query?: string
}

export interface WorldOptions {
  readonly options?: CableOptions
  readonly connection?: typeof Connection | null
  readonly handlers?: readonly TelemetryHandlerClass[]
  readonly contextFor?: (req: IncomingMessage, scope: Scope) => Context | null
  readonly serve?: boolean
  /** Default: a fake one. */
  readonly clock?: Clock
}

class Everybody extends Connection {}

export async function bootCable(channels: readonly ChannelClass[], given: WorldOptions = {}): Promise<World> {
  const lines: Line[] = []
  const scope = new Scope()
  const clock = new FakeClock()
  const bus = new LocalBus()
  const { logger } = createLoggers({
    level: 'debug',
    format: 'json',
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  })
  const telemetry = new Telemetry()
  const errors = new ErrorReports(logger)
  const reported: unknown[] = []
  errors.register((error) => void reported.push(error))
  const settings = resolveOptions(cableOptions, given.options, 'cable')
  const cable = new Cable({ scope, clock: given.clock ?? clock, settings, logger, telemetry, errors, bus })
  if (given.connection !== null) cable.register(given.connection ?? Everybody)
  for (const channel of channels) cable.register(channel)
  for (const handler of given.handlers ?? []) telemetry.register(handler)

  const sockets: Socket[] = []
  const server = createServer((_, res) => void res.end())
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.push(socket as Socket)
    cable.handleUpgrade(req, socket, head, given.contextFor?.(req, scope) ?? null)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/cable`

  const boot = async (): Promise<void> => {
    await cable.service.boot()
    telemetry.compile()
    cable.service.serve()
  }
  if (given.serve !== false) await boot()
  onTestFinished(async () => {
    await cable.service.stop()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const connect = (options?: ConnectOptions): TestClient => new TestClient(url, options)
  return {
    cable,
    clock,
    scope,
    bus,
    lines,
    url,
    server,
    reported,
    sockets,
    connect,
    async join(options) {
      const client = connect(options)
      await client.next('{"type":"welcome"}')
      return client
    },
  }
}

/** Keeps every message as it came; `next` takes them in order. */
export class TestClient {
  readonly ws: WebSocket
  readonly #messages: string[] = []
  #wake: (() => void) | null = null
  readonly closed: Promise<{ code: number; reason: string }>
  readonly refused: Promise<{ status: number; body: string; headers: IncomingMessage['headers'] }>

  constructor(
    url: string,
    {
      protocols = ['actioncable-v1-json', 'actioncable-unsupported'],
      query = '',
      ...options
    }: ConnectOptions = {},
  ) {
    this.ws = new WebSocket(`${url}${query}`, [...protocols], options)
    this.ws.on('message', (content) => {
      this.#messages.push(String(content))
      this.#wake?.()
    })
    this.ws.on('error', () => undefined)
    this.closed = new Promise((resolve) =>
      this.ws.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) })
        this.#wake?.()
      }),
    )
    this.refused = new Promise((resolve) =>
      this.ws.on('unexpected-response', (_, res) => {
        let body = ''
        res.on('data', (chunk) => {
          body += String(chunk)
        })
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body, headers: res.headers }))
      }),
    )
    onTestFinished(() => this.ws.terminate())
  }

  /** The next message as text; with `expected`, fails when it is another one. */
  async next(expected?: string): Promise<string> {
    while (this.#messages.length === 0) {
      if (this.ws.readyState === WebSocket.CLOSED)
        throw new Error(`closed while waiting for ${expected ?? 'a message'}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const message = this.#messages.shift()!
    if (expected !== undefined && message !== expected)
      throw new Error(`expected ${expected}, got ${message}`)
    return message
  }

  send(message: object): void {
    this.ws.send(JSON.stringify(message))
  }

  subscribe(identifier: string): void {
    this.send({ command: 'subscribe', identifier })
  }

  unsubscribe(identifier: string): void {
    this.send({ command: 'unsubscribe', identifier })
  }

  perform(identifier: string, data: unknown): void {
    this.send({ command: 'message', identifier, data: JSON.stringify(data) })
  }

  async subscribed(identifier: string): Promise<void> {
    this.subscribe(identifier)
    await this.next(`{"identifier":${JSON.stringify(identifier)},"type":"confirm_subscription"}`)
  }

  /** Everything sent so far has been carried out when an unknown subscription's rejection is back. */
  async settled(): Promise<void> {
    const identifier = `{"channel":"fence ${Math.random()}"}`
    this.subscribe(identifier)
    await this.next(`{"identifier":${JSON.stringify(identifier)},"type":"reject_subscription"}`)
  }
}

/** Waits, a turn of the event loop at a time, until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 20_000) throw new Error('waited in vain')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
