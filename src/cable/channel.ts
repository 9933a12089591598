/**
 * The base of the users' channels: one instance per subscription of a client. Its own methods are the actions
 * a client may call.
 */
import { currentContext } from '../context'
import { type AnyClass, Bindings } from '../kernel'
import { type Callback, declare } from './callbacks'
import type { Connection } from './connection'
import { type Streamable, streamNameFor } from './stream-name'

/** The parsed identifier of a subscription. */
export type ChannelParams = Readonly<Record<string, unknown>>

/** What a channel can do for its client; made by the cable. */
export interface ChannelPort {
  streamFrom(stream: string): void
  stopStreamFrom(stream: string): void
  stopAllStreams(): void
  transmit(message: unknown): void
  broadcast(stream: string, message: unknown): void
  reject(): void
}

/** What a channel is made from. */
export interface ChannelSeed<C, P> {
  readonly connection: C
  readonly params: P
  readonly port: ChannelPort
}

/** Sends to every subscriber of a stream. @internal */
export interface Broadcaster {
  broadcast(stream: string, message: unknown): void
}

/** The runtime a channel class belongs to. @internal */
export const channelBindings = new Bindings<Broadcaster>('channel')

/** A channel of any connection and parameters. */
export type AnyChannel = Channel<Connection, object>

/** A channel class as users declare it. */
export type ChannelClass<C extends AnyChannel = AnyChannel> = (abstract new (
  seed: ChannelSeed<never, never>,
) => C) & {
  readonly channelName?: string | null
}

/**
 *     class ChatChannel extends Channel<AppConnection, { room: string }> {
 *       subscribed() {
 *         this.streamFrom(`chat:${this.params.room}`)
 *       }
 *       speak({ text }: { text: string }) {              // subscription.perform('speak', { text })
 *         this.broadcast(`chat:${this.params.room}`, { from: this.connection.user.name, text })
 *       }
 *     }
 *     ChatChannel.broadcastTo(room, { text: 'hello' })   // anywhere in the application
 *
 * Clients may call the methods that the class and its ancestors below `Channel` declare, but no hooks, no
 * callbacks named in the declarations below, and no names that start with `_`. TypeScript's `private` does
 * not exist at run time: write `#name` or `_name` for what clients must not call.
 */
export abstract class Channel<C extends Connection = Connection, P extends object = ChannelParams> {
  /** The name clients subscribe by. Set it where class names are minified. Default: the class name. */
  declare static readonly channelName?: string | null

  /** The client's connection, with its identifiers. */
  readonly connection: C
  /** The subscription's parameters, as the client sent them: check them before use. */
  readonly params: P
  readonly #port: ChannelPort

  constructor(seed: ChannelSeed<C, P>) {
    this.connection = seed.connection
    this.params = seed.params
    this.#port = seed.port
  }

  /** Runs before `subscribed`, base classes' first. A `reject()` skips what follows. */
  static beforeSubscribe<T extends AnyChannel>(
    this: ChannelClass<T>,
    ...callbacks: Callback<NoInfer<T>>[]
  ): void {
    for (const callback of callbacks) declare(this, { kind: 'before', callback: callback as Callback<never> })
  }

  /** Runs after `subscribed`, unless the subscription was rejected. */
  static afterSubscribe<T extends AnyChannel>(
    this: ChannelClass<T>,
    ...callbacks: Callback<NoInfer<T>>[]
  ): void {
    for (const callback of callbacks) declare(this, { kind: 'after', callback: callback as Callback<never> })
  }

  /**
   * Handles errors of that class, and of its subclasses, that hooks and actions throw, instead of reporting
   * them. The latest declaration wins. A subscription whose hook threw is rejected in any case.
   *
   * @param handler a method by name, called with the error, or a function of the error and the channel.
   */
  static rescueFrom<T extends AnyChannel, E>(
    this: ChannelClass<T>,
    type: abstract new (...args: never[]) => E,
    handler: (keyof NoInfer<T> & string) | ((error: E, channel: NoInfer<T>) => unknown),
  ): void {
    declare(this, { kind: 'rescue', type: type as unknown as AnyClass, handler: handler as string })
  }

  /**
   * Sends `message` to every subscriber of the stream, in whatever channel.
   *
   * @param message any JSON value.
   * @throws NotRegisteredError, InvalidStreamError, UnencodableMessageError
   */
  static broadcast(this: ChannelClass, stream: string, message: unknown): void {
    channelBindings.resolve(this, currentContext()?.scope ?? null).broadcast(stream, message)
  }

  /** As `broadcast`, to those who called `streamFor` with the same model in this channel. @throws also UnstreamableError */
  static broadcastTo(this: ChannelClass, model: Streamable, message: unknown): void {
    const stream = streamNameFor(this, model)
    channelBindings.resolve(this, currentContext()?.scope ?? null).broadcast(stream, message)
  }

  /** Called when a client subscribes; start streams here, or `reject()`. It is told once this is done. */
  subscribed(): unknown {
    return undefined
  }

  /** Called when the client unsubscribes or is gone; streams have stopped before. */
  unsubscribed(): unknown {
    return undefined
  }

  /** Called with what the client sends without naming an action. */
  receive?(message: unknown): unknown

  /**
   * From now on the client receives what is broadcast to the stream. While `subscribed` runs, broadcasts are
   * kept back and follow the confirmation; those of a rejected subscription are dropped.
   *
   * @throws InvalidStreamError
   */
  streamFrom(stream: string): void {
    this.#port.streamFrom(stream)
  }

  /** As `streamFrom`, for what `broadcastTo` sends to the model in this channel. @throws UnstreamableError */
  streamFor(model: Streamable): void {
    this.#port.streamFrom(streamNameFor(this.constructor as unknown as ChannelClass, model))
  }

  stopStreamFrom(stream: string): void {
    this.#port.stopStreamFrom(stream)
  }

  stopStreamFor(model: Streamable): void {
    this.#port.stopStreamFrom(streamNameFor(this.constructor as unknown as ChannelClass, model))
  }

  stopAllStreams(): void {
    this.#port.stopAllStreams()
  }

  /** Sends to this client only; from `subscribed`, before the confirmation. @throws UnencodableMessageError */
  transmit(message: unknown): void {
    this.#port.transmit(message)
  }

  /** Sends to every subscriber of the stream, this client included if it is one. */
  broadcast(stream: string, message: unknown): void {
    this.#port.broadcast(stream, message)
  }

  /** As `broadcast`, to those who called `streamFor` with the same model in this channel. */
  broadcastTo(model: Streamable, message: unknown): void {
    this.#port.broadcast(streamNameFor(this.constructor as unknown as ChannelClass, model), message)
  }

  /** In `subscribed` or a callback before it: turns the subscription down. Does not throw: return after it. */
  reject(): void {
    this.#port.reject()
  }
}
