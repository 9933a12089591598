/**
 * The cable of one runtime: which classes it knows, which handshakes it accepts, who is connected, and how
 * all of them are sent away when it drains.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Context, currentGate, deriveContext, requestIdFrom, runOutside } from '../context'
import type { Request } from '../http'
import {
  type AnyClass,
  type Clock,
  createService,
  type DrainReport,
  type RageError,
  RegistrationClosedError,
  Registry,
  type Resolved,
  type Scope,
  type Service,
} from '../kernel'
import type { Logger } from '../logger'
import type { Bus } from '../pubsub'
import type { ErrorReports, SpanOutcome, SpanPoint, Telemetry } from '../telemetry'
import { type ChannelClass, channelBindings } from './channel'
import { Client, type ClientWorld } from './client'
import { Connection, type ConnectionClass } from './connection'
import { Departure } from './departure'
import {
  CableUnavailableError,
  ConnectionRequiredError,
  OriginRefusedError,
  SecondConnectionError,
  UnsupportedProtocolError,
} from './errors'
import { Heartbeat } from './heartbeat'
import type { CableOptions } from './options'
import { createOriginCheck, type OriginCheck, ownHost } from './origin'
import { Outbox } from './outbox'
import { type ChannelPlan, compileChannel } from './plan'
import { encodeMessage, protocols } from './protocol'
import { refuseUpgrade } from './refusal'
import { Handshakes } from './socket'
import { channelNameOf, checkStreamName } from './stream-name'
import { Streams } from './streams'

/** How long a handshake waits for a runtime that is booting. */
const bootPatienceMs = 10_000
/** When a client refused by a drain may try again. */
const retryAfterSeconds = 5

export interface CableWorld {
  readonly scope: Scope
  readonly clock: Clock
  readonly settings: Resolved<CableOptions>
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly errors: ErrorReports
  readonly bus: Bus
  /** The host a client called, where the app knows better than the Host header (Express's "trust proxy"). */
  readonly hostOf?: (req: IncomingMessage) => string | undefined
}

export interface CableStats {
  /** Clients whose last hook has not run yet. */
  readonly connections: number
  readonly subscriptions: number
  /** Streams that somebody here receives. */
  readonly streams: number
}

export class Cable {
  readonly service: Service
  readonly #world: CableWorld
  readonly #channels = new Registry<ChannelClass>('channel')
  readonly #plans = new Map<string, ChannelPlan>()
  readonly #clients = new Set<Client>()
  readonly #streams: Streams
  readonly #heartbeat: Heartbeat
  readonly #handshakes: Handshakes
  readonly #isAllowedOrigin: OriginCheck
  readonly #clientWorld: ClientWorld
  readonly #handshakePoint: SpanPoint<'cable.websocket.handshake'>
  readonly #broadcastPoint: SpanPoint<'cable.stream.broadcast'>
  readonly #waiting = new Set<() => void>()
  #connectionClass: ConnectionClass | null = null
  #saidConnectionRequired = false
  #cutOff = 0

  constructor(world: CableWorld) {
    const { settings, telemetry, clock, logger, errors } = world
    this.#world = world
    this.#streams = new Streams(world.bus)
    this.#heartbeat = new Heartbeat(clock, settings.pingMs, this.#clients)
    this.#handshakes = new Handshakes(settings, new Outbox())
    this.#isAllowedOrigin = createOriginCheck(settings.allowedOrigins)
    this.#handshakePoint = telemetry.point('cable.websocket.handshake')
    this.#broadcastPoint = telemetry.point('cable.stream.broadcast')
    this.#clientWorld = {
      settings,
      clock,
      logger,
      errors,
      streams: this.#streams,
      plans: this.#plans,
      connectionProcess: telemetry.point('cable.connection.process'),
      actionProcess: telemetry.point('cable.action.process'),
      broadcast: (stream, message) => this.broadcast(stream, message),
      cutOff: () => {
        this.#cutOff += 1
      },
      ended: (client) => this.#forget(client),
    }
    this.service = createService('cable', {
      boot: () => this.#compile(),
      serve: () => this.#wakeWaiting(),
      drain: (deadline) => this.#drain(deadline),
      stop: () => this.#stop(),
    })
  }

  /** @throws DuplicateNameError, UnnamedChannelError, SecondConnectionError, RegistrationClosedError (after boot) */
  register(type: ChannelClass | ConnectionClass): void {
    if (isConnectionClass(type)) return this.#registerConnection(type)
    this.#channels.add(channelNameOf(type), type)
    channelBindings.bind(type, this.#world.scope, this)
  }

  /** Anything was registered: without, there is no endpoint to serve. */
  get isUsed(): boolean {
    return this.#connectionClass !== null || this.#channels.size > 0
  }

  /**
   * Takes over a handshake for the cable's path. While the runtime boots it waits; while it drains it is
   * answered 503. Never throws; the socket is ours from here on.
   *
   * @param context that of the handshake's request, or `null`: then `X-Request-Id` names it.
   */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer, context: Context | null): void {
    const handshake: Handshake = { req: req as Request, socket, head, context }
    const point = this.#handshakePoint
    const admit = (): Admission | Promise<Admission> => this.#admit(handshake)
    // Connections outlive the request: nothing that they start belongs to it.
    runOutside(() => {
      if (point.idle) void admit()
      else void point.run({ path: req.url?.split('?', 1)[0] ?? '' }, admit, admissionOf)
    })
  }

  /**
   * Sends `message` to every subscriber of the stream. Inside a unit of work whose effects are held it is sent,
   * or only recorded, by whoever holds them.
   *
   * @param message any JSON value; encoded at once, so that later changes to it are not sent.
   * @throws InvalidStreamError, UnencodableMessageError
   */
  broadcast(stream: string, message: unknown): void {
    checkStreamName(stream)
    const json = encodeMessage(message, `the stream "${stream}"`)
    const gate = currentGate()
    if (gate === null) return this.#publish(stream, json)
    gate.pass<void>({
      kind: 'broadcast',
      target: stream,
      payload: message,
      perform: () => this.#publish(stream, json),
      held: () => undefined,
    })
  }

  stats(): CableStats {
    let subscriptions = 0
    for (const client of this.#clients) subscriptions += client.subscriptions
    return { connections: this.#clients.size, subscriptions, streams: this.#streams.size }
  }

  /** Clients that did not read what was sent to them, since the start. @internal */
  get cutOff(): number {
    return this.#cutOff
  }

  #publish(stream: string, json: string): void {
    this.#world.logger.debug({ stream }, 'cable broadcast')
    const point = this.#broadcastPoint
    if (point.idle) this.#world.bus.publish(stream, json)
    else {
      // Counted before: who leaves while the message is written was among them.
      const receivers = this.#streams.receivers(stream)
      const outcome = () => ({ receivers })
      point.run({ stream }, () => this.#world.bus.publish(stream, json), outcome)
    }
  }

  #registerConnection(type: ConnectionClass): void {
    if (this.#connectionClass === type) return
    if (this.service.phase !== 'new')
      throw new RegistrationClosedError({ kind: 'connection', name: type.name })
    if (this.#connectionClass !== null) {
      throw new SecondConnectionError({ name: type.name, registered: this.#connectionClass.name })
    }
    this.#connectionClass = type
  }

  #compile(): void {
    this.#channels.close()
    for (const type of this.#channels.values()) {
      const plan = compileChannel(type)
      this.#plans.set(plan.name, plan)
    }
  }

  // Handshakes.

  #admit(handshake: Handshake): Admission | Promise<Admission> {
    const { phase } = this.service
    if (phase === 'serving') return this.#decide(handshake)
    if (phase === 'new' || phase === 'booted') return this.#wait(handshake)
    return this.#refuse(handshake, new CableUnavailableError({ phase }))
  }

  /** Until the runtime serves, or patience ends. */
  async #wait(handshake: Handshake): Promise<Admission> {
    const hangUp = (): void => void handshake.socket.destroy()
    handshake.socket.on('error', hangUp)
    await new Promise<void>((resolve) => {
      const timer = this.#world.clock.after(bootPatienceMs, () => wake())
      const wake = (): void => {
        timer.cancel()
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
    })
    handshake.socket.off('error', hangUp)
    if (this.service.phase === 'serving') return this.#decide(handshake)
    return this.#refuse(handshake, new CableUnavailableError({ phase: this.service.phase }))
  }

  #wakeWaiting(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #decide(handshake: Handshake): Admission {
    const { req, socket, head } = handshake
    const refusal = this.#refusalOf(req)
    if (refusal !== null) return this.#refuse(handshake, refusal)
    const type = this.#connectionClass ?? Connection
    const context = this.#contextOf(handshake)
    let admission = malformed
    this.#handshakes.perform(req, socket, head, (cableSocket) => {
      admission = admitted
      const client = new Client(this.#clientWorld, { socket: cableSocket, req, context, type })
      this.#clients.add(client)
      this.#heartbeat.start()
      client.open()
    })
    return admission
  }

  #refusalOf(req: Request): RageError | null {
    const { settings, hostOf = ownHost } = this.#world
    const origin = req.headers.origin
    const host = hostOf(req)
    if (!this.#isAllowedOrigin(origin, host))
      return new OriginRefusedError({ origin: String(origin), host: String(host) })
    const offered = req.headers['sec-websocket-protocol'] ?? ''
    if (!offered.split(',').some((protocol) => protocols.includes(protocol.trim()))) {
      return new UnsupportedProtocolError({ offered: offered.slice(0, 200) })
    }
    if (this.#connectionClass === null && !settings.allowAnonymous) return new ConnectionRequiredError({})
    return null
  }

  #refuse(handshake: Handshake, error: RageError): Admission {
    const { code, status, message, facts } = error
    const admission = { status, code }
    refuseUpgrade(handshake.socket, {
      status,
      body: code,
      headers: status === 503 ? { 'Retry-After': String(retryAfterSeconds) } : {},
    })
    // One missing class refuses every client, again and again: said once.
    if (error instanceof ConnectionRequiredError) {
      if (this.#saidConnectionRequired) return admission
      this.#saidConnectionRequired = true
      this.#world.logger.error({ code }, message)
    } else {
      this.#world.logger.warn({ requestId: this.#contextOf(handshake).requestId, code, ...facts }, message)
    }
    return admission
  }

  #contextOf({ req, context }: Handshake): Context {
    if (context === null) {
      return new Context({
        kind: 'cable',
        scope: this.#world.scope,
        requestId: requestIdFrom(req.headers['x-request-id']),
      })
    }
    const own = deriveContext(context, 'cable')
    // Whatever held the request's effects ended with the request.
    own.gate = null
    return own
  }

  #forget(client: Client): void {
    this.#clients.delete(client)
    if (this.#clients.size === 0) this.#heartbeat.stop()
  }

  // The end.

  #drain(deadline: AbortSignal): Promise<DrainReport> {
    this.#wakeWaiting()
    const { clock, settings } = this.#world
    return new Departure([...this.#clients], { clock, spreadMs: settings.drainSpreadMs }).complete(deadline)
  }

  async #stop(): Promise<void> {
    this.#wakeWaiting()
    const clients = [...this.#clients]
    for (const client of clients) client.terminate()
    await Promise.all(clients.map((client) => client.socketClosed))
    this.#heartbeat.stop()
    for (const type of this.#channels.values()) channelBindings.unbind(type, this.#world.scope)
  }
}

interface Handshake {
  readonly req: Request
  readonly socket: Duplex
  readonly head: Buffer
  readonly context: Context | null
}

type Admission = SpanOutcome<'cable.websocket.handshake'>

const admitted: Admission = Object.freeze({ status: 101, code: null })
/** No handshake by the standard; `ws` has answered it. */
const malformed: Admission = Object.freeze({ status: 400, code: null })

function admissionOf(admission: unknown, error: unknown): Admission {
  // Nothing that `#admit` does is meant to throw.
  return error === null ? (admission as Admission) : { status: 500, code: null }
}

function isConnectionClass(type: AnyClass): type is ConnectionClass {
  return type === Connection || type.prototype instanceof Connection
}
