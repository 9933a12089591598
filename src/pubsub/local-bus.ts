/** A bus within one process. A stream exists while somebody listens to it, and leaves nothing behind. */
import type { Bus, BusReceiver } from './bus'

/** One subscription: the same receiver may subscribe twice and leave once. */
interface Listener {
  readonly receive: BusReceiver
}

export class LocalBus implements Bus {
  readonly #streams = new Map<string, Set<Listener>>()

  /** How many streams have listeners. */
  get streams(): number {
    return this.#streams.size
  }

  subscribe(stream: string, receiver: BusReceiver): () => void {
    const listener: Listener = { receive: receiver }
    const listeners = this.#streams.get(stream)
    if (listeners === undefined) this.#streams.set(stream, new Set([listener]))
    else listeners.add(listener)
    return () => this.#leave(stream, listener)
  }

  /** Delivers before it returns. A receiver that throws stops no other; its error is thrown at the end. */
  publish(stream: string, message: string): void {
    const listeners = this.#streams.get(stream)
    if (listeners === undefined) return
    const failures: unknown[] = []
    // A copy: who subscribes because of this message must not receive it, or a publish might never end.
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue
      try {
        listener.receive(message)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  #leave(stream: string, listener: Listener): void {
    const listeners = this.#streams.get(stream)
    if (listeners === undefined || !listeners.delete(listener)) return
    if (listeners.size === 0) this.#streams.delete(stream)
  }
}
