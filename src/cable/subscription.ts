/**
 * One subscription of one client: its channel, and the streams it receives.
 *
 *   pending ── hooks succeeded ──► confirmed ── unsubscribe, client gone ──► ended
 *      └────── reject(), a hook threw ─────────────────────────────────────────┘
 *
 * While pending, broadcasts are kept back: nothing is missed between streamFrom() and the confirmation, and a
 * client that is rejected has heard nothing.
 */
import type { ChannelPort } from './channel'
import { encodeMessage, messageFrame } from './protocol'
import { checkStreamName } from './stream-name'
import type { StreamMember, Streams } from './streams'

/** What a subscription needs of its client. */
export interface SubscriptionPorts {
  readonly streams: Streams
  readonly maxHeldBytes: number
  readonly send: (frame: Buffer) => void
  readonly broadcast: (stream: string, message: unknown) => void
  /** More than `maxHeldBytes` were kept back. */
  readonly tooSlow: () => void
}

export class Subscription implements StreamMember, ChannelPort {
  readonly identifier: string
  readonly #ports: SubscriptionPorts
  readonly #streams = new Set<string>()
  #state: 'pending' | 'confirmed' | 'ended' = 'pending'
  #rejected = false
  #held: Buffer[] = []
  #heldBytes = 0

  constructor(identifier: string, ports: SubscriptionPorts) {
    this.identifier = identifier
    this.#ports = ports
  }

  get isRejected(): boolean {
    return this.#rejected
  }

  /** Only `subscribed` and what runs before it can reject; later there is nobody left to tell. */
  reject(): void {
    if (this.#state === 'pending') this.#rejected = true
  }

  /** Lets through what was kept back. */
  confirm(): void {
    if (this.#state === 'ended') return
    this.#state = 'confirmed'
    for (const frame of this.#held) this.#ports.send(frame)
    this.#held = []
  }

  /** Receives and sends nothing from now on. */
  end(): void {
    this.stopAllStreams()
    this.#state = 'ended'
    this.#held = []
  }

  deliver(frame: Buffer): void {
    if (this.#state === 'confirmed') return this.#ports.send(frame)
    if (this.#state === 'ended') return
    this.#held.push(frame)
    this.#heldBytes += frame.length
    if (this.#heldBytes > this.#ports.maxHeldBytes) this.#ports.tooSlow()
  }

  streamFrom(stream: string): void {
    checkStreamName(stream)
    // Work that outlives its subscription must not revive it.
    if (this.#state === 'ended') return
    this.#streams.add(stream)
    this.#ports.streams.add(stream, this)
  }

  stopStreamFrom(stream: string): void {
    if (this.#streams.delete(stream)) this.#ports.streams.remove(stream, this)
  }

  stopAllStreams(): void {
    for (const stream of this.#streams) this.#ports.streams.remove(stream, this)
    this.#streams.clear()
  }

  transmit(message: unknown): void {
    const frame = messageFrame(this.identifier, encodeMessage(message, this.identifier))
    if (this.#state !== 'ended' && !this.#rejected) this.#ports.send(frame)
  }

  broadcast(stream: string, message: unknown): void {
    this.#ports.broadcast(stream, message)
  }
}
