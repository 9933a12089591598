/** Those who wait for the result of a job, by its id. */
import { StayAlive } from '../kernel'

interface Waiter {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export class Waiting {
  readonly #waiters = new Map<string, Set<Waiter>>()
  readonly #stayAlive = new StayAlive()

  /** Resolves or rejects with the job; rejects with the reason of `signal`. */
  for(id: string, signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const forget = (): void => {
        signal?.removeEventListener('abort', giveUp)
        this.#remove(id, waiter)
      }
      const giveUp = (): void => {
        forget()
        reject(signal!.reason)
      }
      const waiter: Waiter = {
        resolve: (value) => {
          forget()
          resolve(value)
        },
        reject: (error) => {
          forget()
          reject(error)
        },
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      let waiters = this.#waiters.get(id)
      if (waiters === undefined) this.#waiters.set(id, (waiters = new Set()))
      waiters.add(waiter)
      this.#stayAlive.begin()
    })
  }

  /** Each gets a value of its own. */
  resolve(id: string, value: () => unknown): void {
    for (const waiter of this.#waiters.get(id) ?? []) waiter.resolve(value())
  }

  reject(id: string, error: () => Error): void {
    for (const waiter of this.#waiters.get(id) ?? []) waiter.reject(error())
  }

  rejectAll(error: (id: string) => Error): void {
    for (const id of [...this.#waiters.keys()]) this.reject(id, () => error(id))
  }

  #remove(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id)
    waiters?.delete(waiter)
    if (waiters?.size === 0) this.#waiters.delete(id)
    if (this.#waiters.size === 0) this.#stayAlive.end()
  }
}
