/**
 * One connected client: its socket, its Connection, its subscriptions, and the queue that runs everything about
 * it in order.
 *
 *   connect() ── accepted ──► commands, one after another ── socket closed ──► unsubscribed() of each, disconnect()
 *       └────── turned away: disconnect frame, close ────────────────────────────────────► (nothing more runs)
 *
 * Order is the point: hooks and actions of one client never overlap, so an action cannot overtake its
 * subscription, nor a re-subscription the former unsubscribe. Clients do not wait for each other. A client that
 * sends faster than it is served is not read until it is.
 *
 * Longer than most files here: every part reads or ends the same state, and split it would be a class of setters.
 */
import { type Context, runInContext } from '../context'
import type { Request } from '../http'
import { type Clock, didYouMean, type RageError, type Resolved, type Timer } from '../kernel'
import type { Logger } from '../logger'
import type { AnyChannel } from './channel'
import type { Connection, ConnectionClass } from './connection'
import {
  MalformedMessageError,
  NotSubscribedError,
  OversizedMessageError,
  TooManySubscriptionsError,
  UnknownActionError,
  UnknownChannelError,
  UnknownCommandError,
} from './errors'
import { pingControlFrame } from './frame'
import type { CableOptions } from './options'
import type { ChannelPlan } from './plan'
import {
  confirmFrame,
  type Disconnect,
  disconnectFrame,
  disconnects,
  parseJson,
  parseObject,
  rejectFrame,
  welcomeFrame,
} from './protocol'
import type { CableSocket, SocketEvents } from './socket'
import type { Streams } from './streams'
import { Subscription, type SubscriptionPorts } from './subscription'
import { UserCode, type UserCodeWorld } from './user-code'

/** With so many commands waiting the socket is no longer read; with none it is again. */
const pauseAtCommands = 100
/** A client that does not answer the closing handshake is dropped. */
const closeGraceMs = 2_000
/** Pings a client may leave unanswered. */
const missablePongs = 2

/** What all clients of a cable share. */
export interface ClientWorld extends UserCodeWorld {
  readonly settings: Resolved<CableOptions>
  readonly clock: Clock
  readonly logger: Logger
  readonly streams: Streams
  readonly plans: ReadonlyMap<string, ChannelPlan>
  readonly broadcast: (stream: string, message: unknown) => void
  /** A client did not read what was sent to it, and is cut off. */
  readonly cutOff: () => void
  /** The client is gone and its hooks have run. */
  readonly ended: (client: Client) => void
}

interface Subscribed {
  readonly subscription: Subscription
  readonly channel: AnyChannel
  readonly plan: ChannelPlan
}

export class Client implements SocketEvents {
  /** Resolves when the socket is closed and every hook has run. */
  readonly ended: Promise<void>
  /** Resolves when the socket is closed. */
  readonly socketClosed: Promise<void>
  readonly #world: ClientWorld
  readonly #socket: CableSocket
  readonly #context: Context
  readonly #createConnection: () => Connection
  /** Made when `connect` runs; whatever uses it comes after an accepted `connect`. */
  #connection!: Connection
  readonly #code: UserCode
  readonly #identifiers: readonly string[]
  readonly #subscriptions = new Map<string, Subscribed>()
  readonly #ports: SubscriptionPorts
  /** The one whose hooks are running, or `null`. */
  #pending: Subscription | null = null
  readonly #connectedAt: number
  #resolveEnded = (): void => {}
  #resolveSocketClosed = (): void => {}
  #commands: string[] = []
  #working = false
  #accepted = false
  /** We have begun to close: no more commands in, no more frames out. */
  #closing = false
  #gone = false
  #hasEnded = false
  #unansweredPings = 0
  #grace: Timer | null = null

  constructor(
    world: ClientWorld,
    opened: { socket: CableSocket; req: Request; context: Context; type: ConnectionClass },
  ) {
    const { socket, req, context, type } = opened
    this.#world = world
    this.#socket = socket
    this.#context = context
    this.#createConnection = () => new type({ req, logger: world.logger })
    this.#code = new UserCode(world, context, type.name)
    this.#identifiers = type.identifiers
    this.#connectedAt = world.clock.monotonic()
    this.#ports = {
      streams: world.streams,
      maxHeldBytes: world.settings.maxQueuedBytes,
      send: (frame) => this.#send(frame),
      broadcast: world.broadcast,
      tooSlow: () => this.slow(),
    }
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.socketClosed = new Promise((resolve) => {
      this.#resolveSocketClosed = resolve
    })
  }

  /** For reports: which connection this is. */
  get label(): string {
    return `connection ${this.#context.requestId}`
  }

  get subscriptions(): number {
    return this.#subscriptions.size
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Begins to read, and runs `connect`. */
  open(): void {
    this.#socket.listen(this)
    this.#working = true
    void this.#connect().then(() => this.#work())
  }

  /** Tells the client why, and closes. What it has sent already is still carried out. */
  close(disconnect: Disconnect): void {
    if (this.#closing) return
    this.#stopServing()
    this.#socket.close(disconnectFrame(disconnect), disconnect.code, disconnect.reason)
    this.#grace = this.#world.clock.after(closeGraceMs, () => this.#socket.terminate())
  }

  /** Drops the socket at once; hooks still run. */
  terminate(): void {
    this.#stopServing()
    this.#socket.terminate()
  }

  ping(frame: Buffer): void {
    // A client that we do not read cannot be heard answering.
    if (this.#closing || this.#socket.isPaused) return
    if (this.#unansweredPings >= missablePongs) {
      this.#log('info', { unansweredPings: this.#unansweredPings }, 'cable connection is dead')
      this.terminate()
      return
    }
    this.#unansweredPings += 1
    this.#socket.send(this.#accepted ? frame : pingControlFrame)
  }

  // What the socket tells.

  message(text: string | null): void {
    this.#unansweredPings = 0
    if (this.#closing) return
    if (text === null) return this.#refuseMalformed('a binary message')
    this.#commands.push(text)
    if (this.#commands.length >= pauseAtCommands && !this.#socket.isPaused) this.#socket.pause()
    if (!this.#working) {
      this.#working = true
      void this.#work()
    }
  }

  pong(): void {
    this.#unansweredPings = 0
  }

  oversized(): void {
    this.#complain(new OversizedMessageError({ maxMessageBytes: this.#world.settings.maxMessageBytes }))
    this.failed(null)
  }

  failed(error: Error | null): void {
    if (error !== null) this.#log('debug', { err: error }, 'cable connection failed')
    if (this.#closing) return
    // The socket is closing by itself, but waits half a minute for a peer that does not answer.
    this.#stopServing()
    this.#grace = this.#world.clock.after(closeGraceMs, () => this.#socket.terminate())
  }

  slow(): void {
    if (this.#closing) return
    this.#log(
      'warn',
      { maxQueuedBytes: this.#world.settings.maxQueuedBytes },
      'cable connection is too slow and was cut off',
    )
    this.#world.cutOff()
    this.close(disconnects.tooSlow)
  }

  closed(code: number): void {
    this.#grace?.cancel()
    this.#stopServing()
    this.#gone = true
    this.#resolveSocketClosed()
    this.#log(
      'info',
      { code, durationMs: Math.round(this.#world.clock.monotonic() - this.#connectedAt) },
      'cable connection closed',
    )
    if (!this.#working) {
      this.#working = true
      void this.#work()
    }
  }

  // The queue.

  /** Carries out commands until there are none; after the socket is gone, the hooks that end it all. Never rejects. */
  async #work(): Promise<void> {
    for (;;) {
      const command = this.#commands.shift()
      if (command !== undefined) {
        await this.#obey(command)
      } else if (this.#gone) {
        await this.#tearDown()
        return
      } else {
        this.#working = false
        if (this.#socket.isPaused) this.#socket.resume()
        return
      }
    }
  }

  async #connect(): Promise<void> {
    let connection: Connection | null = null
    const succeeded = await this.#code.connect(() => {
      connection = this.#connection = this.#createConnection()
      return connection.connect()
    })
    const disconnect = this.#isRejected(connection)
      ? disconnects.unauthorized
      : succeeded
        ? null
        : disconnects.serverError
    if (disconnect !== null) {
      this.#commands = []
      this.#log('info', { reason: disconnect.reason }, 'cable connection refused')
      this.close(disconnect)
      return
    }
    this.#accepted = true
    this.#send(welcomeFrame)
    this.#log('info', this.#describe(), 'cable connection opened')
  }

  #isRejected(connection: Connection | null): boolean {
    return connection?.isRejected === true
  }

  async #tearDown(): Promise<void> {
    for (const subscribed of this.#subscriptions.values()) await this.#leave(subscribed)
    if (this.#accepted) await this.#code.disconnect(() => this.#connection.disconnect())
    this.#hasEnded = true
    this.#world.ended(this)
    this.#resolveEnded()
  }

  #obey(text: string): Promise<void> | void {
    const message = parseObject(text)
    if (message === null) return this.#refuseMalformed(text.slice(0, 80))
    const { command, identifier, data } = message
    if (typeof identifier === 'string') {
      if (command === 'subscribe') return this.#subscribe(identifier)
      if (command === 'unsubscribe') return this.#unsubscribe(identifier)
      if (command === 'message' && typeof data === 'string') return this.#perform(identifier, data)
    }
    this.#complain(new UnknownCommandError({ command: shortened(command) }))
  }

  async #subscribe(identifier: string): Promise<void> {
    // Clients that heard no confirmation in time ask again.
    if (this.#subscriptions.has(identifier)) return this.#send(confirmFrame(identifier))
    const params = parseObject(identifier)
    const name = params?.channel
    const plan = typeof name === 'string' ? this.#world.plans.get(name) : undefined
    const { maxSubscriptions } = this.#world.settings
    if (params === null || plan === undefined) {
      const hint = typeof name === 'string' ? didYouMean(shortened(name), this.#world.plans.keys()) : ''
      this.#complain(new UnknownChannelError({ identifier: identifier.slice(0, 200), hint }))
      return this.#send(rejectFrame(identifier))
    }
    if (this.#subscriptions.size >= maxSubscriptions) {
      this.#complain(new TooManySubscriptionsError({ maxSubscriptions }))
      return this.#send(rejectFrame(identifier))
    }

    const subscription = new Subscription(identifier, this.#ports)
    this.#pending = subscription
    let channel: AnyChannel | null = null
    const succeeded = await this.#code.act(
      { plan, action: 'subscribed', channel: () => channel },
      async () => {
        channel = plan.create({ connection: this.#connection, params, port: subscription })
        for (const step of plan.before) {
          await step(channel)
          if (subscription.isRejected) return
        }
        await channel.subscribed()
        for (const step of plan.after) {
          if (subscription.isRejected) return
          await step(channel)
        }
      },
    )
    this.#pending = null
    if (!succeeded || subscription.isRejected || channel === null) {
      subscription.end()
      return this.#send(rejectFrame(identifier))
    }
    const subscribed = { subscription, channel, plan }
    this.#subscriptions.set(identifier, subscribed)
    // The client may have gone in the meantime; its teardown then calls `unsubscribed`.
    if (this.#closing) return subscription.end()
    this.#send(confirmFrame(identifier))
    subscription.confirm()
  }

  async #unsubscribe(identifier: string): Promise<void> {
    const subscribed = this.#subscriptions.get(identifier)
    if (subscribed === undefined) {
      return this.#complain(
        new NotSubscribedError({ command: 'unsubscribe', identifier: identifier.slice(0, 200) }),
      )
    }
    await this.#leave(subscribed)
  }

  async #perform(identifier: string, text: string): Promise<void> {
    const subscribed = this.#subscriptions.get(identifier)
    if (subscribed === undefined) {
      return this.#complain(
        new NotSubscribedError({ command: 'message', identifier: identifier.slice(0, 200) }),
      )
    }
    const message = parseJson(text)
    if (message === undefined) return this.#complain(new UnknownCommandError({ command: 'message' }))
    const { plan, channel } = subscribed
    const action = actionOf(message)
    const method = plan.actions.get(action)
    if (method === undefined) {
      const unknown = shortened(action)
      const hint = didYouMean(unknown, plan.actions.keys())
      return this.#complain(new UnknownActionError({ channel: plan.name, action: unknown, hint }))
    }
    await this.#code.act({ plan, action, channel: () => channel }, () => method.call(channel, message))
  }

  async #leave({ subscription, channel, plan }: Subscribed): Promise<void> {
    this.#subscriptions.delete(subscription.identifier)
    subscription.end()
    await this.#code.act({ plan, action: 'unsubscribed', channel: () => channel }, () =>
      channel.unsubscribed(),
    )
  }

  // Ending, and the log.

  #send(frame: Buffer): void {
    if (!this.#closing) this.#socket.send(frame)
  }

  /** A client that is being closed hears no broadcast any more, whatever its hooks still do. */
  #stopServing(): void {
    if (this.#closing) return
    this.#closing = true
    for (const { subscription } of this.#subscriptions.values()) subscription.end()
    this.#pending?.end()
    // Closing is noticed by reading.
    if (this.#socket.isPaused) this.#socket.resume()
  }

  #refuseMalformed(message: string): void {
    if (this.#closing) return
    this.#complain(new MalformedMessageError({ message }))
    this.#commands = []
    this.close(disconnects.invalidRequest)
  }

  /** What a client did wrong: one line, no stack, nobody is paged. */
  #complain({ code, message, facts }: RageError): void {
    this.#log('warn', { code, ...facts }, message)
  }

  #log(level: 'debug' | 'info' | 'warn', fields: object, message: string): void {
    runInContext(this.#context, () => this.#world.logger[level](fields, message))
  }

  /** Who is connected, for the log: text and numbers as they are, of models the id. */
  #describe(): object {
    if (this.#identifiers.length === 0) return {}
    const properties = this.#connection as unknown as Readonly<Record<string, unknown>>
    return {
      identifiers: Object.fromEntries(this.#identifiers.map((name) => [name, describe(properties[name])])),
    }
  }
}

/** What a client chose to send, as far as it is worth a log line or a look for what it may have meant. */
function shortened(sent: unknown): string {
  return (typeof sent === 'string' ? sent : typeof sent).slice(0, 80)
}

/** The action a message names; without one it is for `receive`. */
function actionOf(message: unknown): string {
  if (typeof message !== 'object' || message === null || !('action' in message)) return 'receive'
  return typeof message.action === 'string' && message.action !== '' ? message.action : 'receive'
}

function describe(identifier: unknown): unknown {
  if (typeof identifier !== 'object' || identifier === null) return identifier
  return 'id' in identifier ? identifier.id : identifier.constructor?.name
}
