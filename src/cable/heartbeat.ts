/** One timer for the pings of all connections. It runs while there are any. */
import type { Clock, Timer } from '../kernel'
import { pingControlFrame } from './frame'
import { pingFrame } from './protocol'

/** A connection, as the heartbeat sees it. */
export interface Pingable {
  /** @param frame the protocol's ping and WebSocket's, ready to write: the first for the client's code, the second for its socket. */
  ping(frame: Buffer): void
}

export class Heartbeat {
  readonly #clock: Clock
  readonly #pingMs: number
  readonly #connections: ReadonlySet<Pingable>
  #timer: Timer | null = null

  constructor(clock: Clock, pingMs: number, connections: ReadonlySet<Pingable>) {
    this.#clock = clock
    this.#pingMs = pingMs
    this.#connections = connections
  }

  /** Called when a connection was added; any number of times. */
  start(): void {
    this.#timer ??= this.#clock.after(this.#pingMs, () => this.#beat())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #beat(): void {
    this.#timer = null
    const frame = Buffer.concat([pingFrame(this.#clock.now()), pingControlFrame])
    for (const connection of this.#connections) connection.ping(frame)
    if (this.#connections.size > 0) this.start()
  }
}
