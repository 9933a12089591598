/** Named things that are registered before boot and looked up afterwards: tasks, channels, controllers. */
import { DuplicateNameError, RegistrationClosedError } from './errors'

export class Registry<T> {
  readonly #kind: string
  readonly #entries = new Map<string, T>()
  #closed = false

  /** @param kind what is registered, for messages: `task`, `channel`. */
  constructor(kind: string) {
    this.#kind = kind
  }

  /** Adding the same value under the same name again does nothing. @throws DuplicateNameError, RegistrationClosedError */
  add(name: string, value: T): void {
    const known = this.#entries.get(name)
    if (known === value) return
    if (known !== undefined) throw new DuplicateNameError({ kind: this.#kind, name })
    if (this.#closed) throw new RegistrationClosedError({ kind: this.#kind, name })
    this.#entries.set(name, value)
  }

  get(name: string): T | undefined {
    return this.#entries.get(name)
  }

  /** Ends registration; called at boot. */
  close(): void {
    this.#closed = true
  }

  get size(): number {
    return this.#entries.size
  }

  names(): string[] {
    return [...this.#entries.keys()]
  }

  values(): IterableIterator<T> {
    return this.#entries.values()
  }
}
