/**
 * Sends all clients away in a drain: each is told to come back and closed. Spread over time, since they all
 * connect again, here or elsewhere, and the official client does so within the same seconds.
 */
import type { Clock, DrainReport, Timer } from '../kernel'
import type { Client } from './client'
import { disconnects } from './protocol'

/** Few clients are no herd: a development server must not take seconds to restart. */
const msPerClient = 5
const stepMs = 50

export class Departure {
  readonly #clients: readonly Client[]
  readonly #clock: Clock
  readonly #batchSize: number
  #told = 0
  #timer: Timer | null = null

  constructor(clients: readonly Client[], world: { clock: Clock; spreadMs: number }) {
    this.#clients = clients
    this.#clock = world.clock
    const steps = Math.max(1, Math.floor(Math.min(world.spreadMs, clients.length * msPerClient) / stepMs))
    this.#batchSize = Math.ceil(clients.length / steps)
  }

  /** When it resolves every socket is closed; hooks that still run are reported as abandoned. */
  async complete(deadline: AbortSignal): Promise<DrainReport> {
    const clients = this.#clients
    this.#tellNext()
    await Promise.race([Promise.all(clients.map((client) => client.ended)), aborted(deadline)])
    this.#timer?.cancel()
    for (const client of clients) {
      if (client.hasEnded) continue
      client.close(disconnects.serverRestart)
      client.terminate()
    }
    await Promise.all(clients.map((client) => client.socketClosed))
    const abandoned = clients.filter((client) => !client.hasEnded).map((client) => client.label)
    return { finished: clients.length - abandoned.length, abandoned }
  }

  #tellNext(): void {
    const end = Math.min(this.#clients.length, this.#told + this.#batchSize)
    for (; this.#told < end; this.#told++) this.#clients[this.#told]!.close(disconnects.serverRestart)
    this.#timer = this.#told < this.#clients.length ? this.#clock.after(stepMs, () => this.#tellNext()) : null
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
