/** Stands between a client and a real server, and can be cut. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export class Wire {
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  readonly #ends = new Map<Socket, Socket>()
  #server: Server | null = null
  #isHeld = false
  port = 0

  constructor(target: string) {
    this.#target = new URL(target)
  }

  /** The target's address, with our port. */
  get url(): string {
    const url = new URL(this.#target)
    url.hostname = '127.0.0.1'
    url.port = String(this.port)
    return url.href
  }

  async open(): Promise<void> {
    this.#server = createServer((client) => {
      const server = connect(Number(this.#target.port), this.#target.hostname)
      for (const socket of [client, server]) {
        this.#sockets.add(socket)
        socket.on('error', () => socket.destroy())
        socket.on('close', () => {
          this.#sockets.delete(socket)
          client.destroy()
          server.destroy()
        })
      }
      this.#ends.set(client, server)
      client.on('close', () => this.#ends.delete(client))
      if (!this.#isHeld) client.pipe(server).pipe(client)
    })
    await new Promise<void>((resolve) => this.#server!.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as { port: number }).port
  }

  /** Connections stay and new ones are made, and nothing comes through, until `release`. */
  hold(): void {
    this.#isHeld = true
    for (const [client, server] of this.#ends) {
      client.unpipe(server).pause()
      server.unpipe(client).pause()
    }
  }

  release(): void {
    this.#isHeld = false
    for (const [client, server] of this.#ends) client.pipe(server).pipe(client)
  }

  /** Ends every connection and refuses new ones, until `open`. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve) ?? resolve(null))
    for (const socket of this.#sockets) socket.destroy()
    await closed
    this.#server = null
  }
}
