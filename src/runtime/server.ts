/**
 * The servers of `rage.listen()`: made with limits, and closed with the runtime. A drain stops accepting at once,
 * asks clients on open connections to leave (`Connection: close`), closes idle ones, and waits for the rest.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createService, type DrainReport, LifecycleError, type Resolved, type Service } from '../kernel'
import { ListenError } from './errors'
import type { Entry } from './host'
import type { ServerOptions } from './server-options'

/** A server that listens. */
export interface Listening {
  /** The one asked for, or the one that was free. */
  readonly port: number
  readonly server: Server
  /** Stops accepting, lets the requests under way finish and resolves when every connection is closed. */
  close(): Promise<void>
}

/** A connection that falls idle during a drain is closed within this time, in ms. */
const idleCheckMs = 50

export class Servers {
  readonly service: Service
  readonly #settings: Resolved<ServerOptions>
  readonly #open = new Map<Server, Promise<void>>()
  #isRefusing = false

  constructor(settings: Resolved<ServerOptions>) {
    this.#settings = settings
    this.service = createService('servers', {
      drain: (deadline) => this.#drain(deadline),
      stop: () => this.#stop(),
    })
  }

  /**
   * @param host interface to listen on; `undefined` = all of them.
   * @throws ListenError, LifecycleError (while draining and after)
   */
  async listen(handler: Entry, port: number, host: string | undefined): Promise<Listening> {
    if (this.#isRefusing) throw new LifecycleError({ name: 'rage', phase: 'draining', wanted: 'listen' })
    const server = createServer(optionsOf(this.#settings), handler)
    server.maxHeadersCount = this.#settings.maxHeaders
    server.maxRequestsPerSocket = this.#settings.maxRequestsPerSocket
    // Node takes 0 for "drop everything".
    if (this.#settings.maxConnections > 0) server.maxConnections = this.#settings.maxConnections
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException): void => {
        const reason = reasons[cause.code ?? ''] ?? cause.message
        reject(new ListenError({ port, host: host ?? '', reason }, { cause }))
      }
      server.once('error', onError)
      server.listen({ port, host }, () => {
        server.off('error', onError)
        resolve()
      })
    })
    this.#open.set(
      server,
      new Promise((resolve) => {
        server.once('close', () => {
          this.#open.delete(server)
          resolve()
        })
      }),
    )
    // Read first: a closed server has none.
    const { port: actualPort } = server.address() as AddressInfo
    if (this.#isRefusing) this.#refuseOn(server)
    return {
      port: actualPort,
      server,
      close: () => this.#close(server),
    }
  }

  /** The first step of a drain: no new connection, and no new request on an old one that can be avoided. */
  refuse(): void {
    this.#isRefusing = true
    for (const server of this.#open.keys()) this.#refuseOn(server)
  }

  #refuseOn(server: Server): void {
    if (!server.listening) return
    server.prependListener('request', askToLeave)
    server.close()
    server.closeIdleConnections()
  }

  async #close(server: Server): Promise<void> {
    const closed = this.#open.get(server)
    if (closed === undefined) return
    this.#refuseOn(server)
    const timer = setInterval(() => server.closeIdleConnections(), idleCheckMs)
    await closed
    clearInterval(timer)
  }

  async #drain(deadline: AbortSignal): Promise<DrainReport> {
    this.refuse()
    const servers = [...this.#open.keys()]
    const closed = Promise.all(servers.map((server) => this.#close(server)))
    const late = new Promise<'late'>((resolve) => {
      if (deadline.aborted) resolve('late')
      else deadline.addEventListener('abort', () => resolve('late'), { once: true })
    })
    if ((await Promise.race([closed, late])) !== 'late') return { finished: servers.length, abandoned: [] }
    const left = this.#open.size
    for (const server of this.#open.keys()) server.closeAllConnections()
    return { finished: servers.length - left, abandoned: [`connections of ${left} servers`] }
  }

  async #stop(): Promise<void> {
    this.refuse()
    const closed = [...this.#open.values()]
    for (const server of this.#open.keys()) server.closeAllConnections()
    // Upgraded sockets are closed by who took them; they do not hold up the end.
    if (closed.length > 0) await Promise.race([Promise.all(closed), soon()])
  }
}

function optionsOf(settings: Resolved<ServerOptions>) {
  return {
    requestTimeout: settings.requestTimeoutMs,
    // Node refuses one that is longer than the time for the whole request.
    headersTimeout:
      settings.requestTimeoutMs === 0
        ? settings.headersTimeoutMs
        : Math.min(settings.headersTimeoutMs, settings.requestTimeoutMs),
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    maxHeaderSize: settings.maxHeaderBytes,
    // Slow clients are looked for this often.
    connectionsCheckingInterval: Math.min(5_000, Math.max(settings.headersTimeoutMs, 100)),
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there (EADDRINUSE)',
  EACCES: 'it takes more rights than this process has (EACCES)',
  EADDRNOTAVAIL: 'this machine has no such address (EADDRNOTAVAIL)',
}

function askToLeave(_req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('Connection', 'close')
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, idleCheckMs))
}
