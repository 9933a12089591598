/**
 * The seam to `ws`: handshakes, and one client's socket. `ws` reads and answers control frames; messages are
 * written past it, as ready frames to the raw socket. That is sound because all four hold: no extension is ever
 * negotiated (compression is off), `ws` itself never has anything queued (only compression and Blobs make it
 * wait), nothing is written once it is not open, and every message is one final frame.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Outbox } from './outbox'
import { protocols } from './protocol'

/** From here on joining saves nothing, and memory waits for nothing. */
const joinedBytes = 16_384

/** What a socket tells its owner. */
export interface SocketEvents {
  /** `null` = a binary message. */
  message(text: string | null): void
  pong(): void
  /** More than `maxMessageBytes`; `ws` closes with 1009. */
  oversized(): void
  /** A broken connection or a peer that breaks WebSocket's rules; it closes by itself. */
  failed(error: Error): void
  /** More than `maxQueuedBytes` are waiting. */
  slow(): void
  /** The last event. */
  closed(code: number): void
}

/** Performs handshakes; holds no sockets. */
export class Handshakes {
  readonly #server: WebSocketServer
  readonly #outbox: Outbox
  readonly #maxQueuedBytes: number

  constructor(limits: { maxMessageBytes: number; maxQueuedBytes: number }, outbox: Outbox) {
    this.#outbox = outbox
    this.#maxQueuedBytes = limits.maxQueuedBytes
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.maxMessageBytes,
      handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
    })
  }

  /** Calls `accepted` at once, or answers a handshake that breaks the standard and calls nothing. */
  perform(req: IncomingMessage, raw: Duplex, head: Buffer, accepted: (socket: CableSocket) => void): void {
    this.#server.handleUpgrade(req, raw, head, (ws) =>
      accepted(new CableSocket(ws, raw, { outbox: this.#outbox, maxQueuedBytes: this.#maxQueuedBytes })),
    )
  }
}

export class CableSocket {
  readonly #ws: WebSocket
  readonly #raw: Duplex
  readonly #outbox: Outbox
  readonly #maxQueuedBytes: number
  #events: SocketEvents | null = null
  /** What waits for the end of the tick; mostly one frame, and none between. */
  #frames: Buffer[] | null = null
  #frameBytes = 0
  #scheduled = false

  constructor(ws: WebSocket, raw: Duplex, world: { outbox: Outbox; maxQueuedBytes: number }) {
    this.#ws = ws
    this.#raw = raw
    this.#outbox = world.outbox
    this.#maxQueuedBytes = world.maxQueuedBytes
  }

  listen(events: SocketEvents): void {
    this.#events = events
    this.#ws.on('message', (content: Buffer, isBinary) =>
      events.message(isBinary ? null : content.toString()),
    )
    this.#ws.on('pong', () => events.pong())
    this.#ws.on('close', (code) => events.closed(code))
    this.#ws.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') events.oversized()
      else events.failed(error)
    })
  }

  // Hot path: bench/cable.mjs. Once per client and broadcast.
  /** Writes the frame at the end of the tick, together with what else is sent until then. */
  send(frame: Buffer): void {
    if (this.#frames === null) this.#frames = [frame]
    else this.#frames.push(frame)
    this.#frameBytes += frame.length
    if (this.#frameBytes >= joinedBytes) return this.flush()
    if (this.#scheduled) return
    this.#scheduled = true
    this.#outbox.schedule(this)
  }

  flush(): void {
    this.#scheduled = false
    const frames = this.#frames
    if (frames === null) return
    if (this.#raw.writableLength > this.#maxQueuedBytes) {
      this.#forget()
      this.#events?.slow()
      return
    }
    if (this.#ws.readyState === this.#ws.OPEN)
      this.#raw.write(frames.length === 1 ? frames[0] : this.#outbox.join(frames))
    this.#forget()
  }

  /** Sends what is waiting, then `last`, and begins the closing handshake. The owner terminates a peer that does not answer. */
  close(last: Buffer, code: number, reason: string): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#raw.write(Buffer.concat([...(this.#frames ?? []), last]))
    this.#forget()
    this.#ws.close(code, reason)
  }

  /** Drops the connection at once. */
  terminate(): void {
    this.#forget()
    this.#ws.terminate()
  }

  get isPaused(): boolean {
    return this.#ws.isPaused
  }

  /** Stops reading, so that a client that sends faster than it is served has to wait. */
  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  #forget(): void {
    this.#frames = null
    this.#frameBytes = 0
  }
}
