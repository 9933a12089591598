/**
 * WebSocket handshakes for the cable on servers we do not own.
 *
 * A server is found when it starts to listen (servers.ts), or when the first request arrives, or it is handed to
 * `rage.attach()`. A handshake on the cable's path is run through the host app like any request, with a response on the raw
 * socket, so that session and authentication before the mount apply to it; our mount then takes the socket.
 * Handshakes for other paths belong to the other listeners (socket.io, vite) or, if there are none, to the app.
 */
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Request, Response } from '../../src/http'
import type { HostedApplication } from '../../src/runtime'
import { resetPrototype } from './preset-prototypes'

/** A handshake travelling through the host app. */
export interface PendingUpgrade {
  /** Gives the socket back from the response that carried it. */
  accept(take: (socket: Duplex, head: Buffer) => void): void
}

const pending = new WeakMap<IncomingMessage, PendingUpgrade>()

export function pendingUpgrade(req: IncomingMessage): PendingUpgrade | null {
  return pending.get(req) ?? null
}

type Emit = Server['emit']
type OnUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Our own listeners, of all runtimes: several on one server must not take each other for the app's. */
const fallbacks = new WeakSet<object>()

/** The listener for `upgrade` is one of ours. */
export function passesToApp(listener: unknown): boolean {
  return fallbacks.has(listener as object)
}

export class Upgrades {
  readonly #app: HostedApplication
  readonly #attached = new Map<Server, { restore: () => void }>()
  #isDetached = false

  constructor(app: HostedApplication) {
    this.#app = app
  }

  /** Takes over a handshake that has travelled as a request to one of our handlers. */
  take(req: Request, res: Response): void {
    const upgrade = pendingUpgrade(req)
    if (upgrade !== null) return upgrade.accept((socket, head) => this.#app.upgrade(req, socket, head))
    // The server has no upgrade listener yet, so Node sent the handshake as an ordinary request. It has one
    // from now on, and every cable client tries again.
    this.attach((req.socket as unknown as { server: never }).server)
    res.statusCode = 426
    res.setHeader('Upgrade', 'websocket')
    res.setHeader('Connection', 'Upgrade, close')
    res.end()
  }

  /** Any number of times for one server. */
  attach(server: Server): void {
    this.#app.listening()
    if (this.#isDetached || this.#app.cablePath === null || this.#attached.has(server)) return
    const { emit } = server
    const inherited = !Object.hasOwn(server, 'emit')
    const onUpgrade: OnUpgrade = (req, socket, head) => {
      const listeners = server.listeners('upgrade').filter((listener) => listener !== resetPrototype)
      if (listeners[0] === onUpgrade && listeners.every((listener) => fallbacks.has(listener)))
        passToApp(server, req, socket, head)
    }
    fallbacks.add(onUpgrade)
    const wrapped = function (this: Server, event: string, ...args: unknown[]): boolean {
      if (event !== 'upgrade' || !upgrades.#isOurs(args[0] as IncomingMessage))
        return Reflect.apply(emit, this, [event, ...args])
      passToApp(server, args[0] as IncomingMessage, args[1] as Duplex, args[2] as Buffer)
      return true
    }
    const upgrades = this
    // Without any listener Node would treat a handshake as an ordinary request.
    server.on('upgrade', onUpgrade)
    // Other listeners must not see our handshakes: some destroy what they do not know.
    server.emit = wrapped as Emit
    const restore = (): void => {
      server.off('upgrade', onUpgrade)
      if (server.emit !== wrapped) return
      if (inherited) Reflect.deleteProperty(server, 'emit')
      else server.emit = emit
    }
    this.#attached.set(server, { restore })
    // A server that listens again is attached again.
    server.once('close', () => {
      restore()
      this.#attached.delete(server)
    })
  }

  /** For good: a stopped runtime does not boot again. */
  detach(): void {
    this.#isDetached = true
    for (const { restore } of this.#attached.values()) restore()
    this.#attached.clear()
  }

  /** The prefix is the host's business, so the end of the path decides; the mount sees the exact path. */
  #isOurs(req: IncomingMessage): boolean {
    const { cablePath } = this.#app
    const url = req.url ?? ''
    const end = url.indexOf('?')
    return cablePath !== null && (end === -1 ? url : url.slice(0, end)).endsWith(cablePath)
  }
}

function passToApp(server: Server, req: IncomingMessage, socket: Duplex, head: Buffer): void {
  const res = new ServerResponse(req)
  res.shouldKeepAlive = false
  const onSocketError = (): void => {
    socket.destroy()
  }
  socket.on('error', onSocketError)
  res.assignSocket(socket as never)
  res.on('finish', () => {
    res.detachSocket(socket as never)
    socket.end()
  })
  pending.set(req, {
    accept(take) {
      pending.delete(req)
      res.detachSocket(socket as never)
      socket.off('error', onSocketError)
      take(socket, head)
    },
  })
  server.emit('request', req, res)
}
