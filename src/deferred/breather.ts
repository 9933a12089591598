/**
 * Lets the event loop turn now and then. Acknowledgements that wait for nothing are microtasks, and loops of
 * `await enqueue()` would keep sockets and timers waiting for as long as they run.
 */

/** About a millisecond of enqueues. */
const perTurn = 128

const resolved = Promise.resolve()

export class Breather {
  #left = perTurn
  #nextTurn: Promise<void> | null = null

  /** Resolved already, or in the next turn of the event loop. */
  pause(): Promise<void> {
    if (this.#left > 0) {
      this.#left -= 1
      return resolved
    }
    this.#nextTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#left = perTurn
        this.#nextTurn = null
        resolve()
      })
    })
    return this.#nextTurn
  }
}
