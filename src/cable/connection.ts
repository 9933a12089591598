/** The base of the users' Connection class: one instance per client, which decides whether it may connect. */
import type { Request } from '../http'
import type { Logger } from '../logger'

/** What a connection is made from. */
export interface ConnectionSeed {
  readonly req: Request
  readonly logger: Logger
}

export type ConnectionClass<C extends Connection = Connection> = (new (
  seed: ConnectionSeed,
) => C) & {
  /** @internal */
  identifiers: readonly string[]
}

/**
 * Extend it once per application and register the class:
 *
 *     class AppConnection extends Connection {
 *       static { this.identifiedBy('user') }
 *       user!: User
 *       async connect() {
 *         const user = await User.fromToken(this.params.get('token'))
 *         if (user === null) return this.reject()
 *         this.user = user
 *       }
 *     }
 */
export class Connection {
  /** @internal */
  static identifiers: readonly string[] = []

  /** The handshake's request, with whatever earlier middleware put on it: `req.session`, `req.user`. */
  readonly req: Request
  /** Its lines carry the id of the handshake's request. */
  readonly logger: Logger
  #rejected = false

  constructor(seed: ConnectionSeed) {
    this.req = seed.req
    this.logger = seed.logger
  }

  /** Properties that say who is connected; `connect` sets them, channels read them, log lines name them. */
  static identifiedBy<C extends Connection>(this: ConnectionClass<C>, ...names: (keyof C & string)[]): void {
    this.identifiers = [...this.identifiers, ...names]
  }

  /** The handshake's headers, by lower-case name. */
  get headers(): Request['headers'] {
    return this.req.headers
  }

  /** The query of the URL the client connected to. */
  get params(): URLSearchParams {
    const url = this.req.url ?? ''
    const start = url.indexOf('?')
    return new URLSearchParams(start === -1 ? '' : url.slice(start))
  }

  /**
   * Called before anything else; the client's commands wait until it is done. A client is turned away by
   * `reject()` for good, and by an error (which is reported) until it tries again.
   */
  connect(): unknown {
    return undefined
  }

  /** Called once the client is gone and every channel's `unsubscribed` has run; not if `connect` turned it away. */
  disconnect(): unknown {
    return undefined
  }

  /** In `connect`: turns the client away, and tells it not to try again. Does not throw: return after it. */
  reject(): void {
    this.#rejected = true
  }

  /** @internal */
  get isRejected(): boolean {
    return this.#rejected
  }
}
