/** Event classes by name: what a job's event is revived with. */
import { DuplicateNameError, didYouMean } from '../kernel'
import type { EventClass } from './subscriber'
import { isTrait } from './trait'

export class EventNames {
  readonly #classes = new Map<string, EventClass>()

  /** Traits and anonymous classes are passed over. @throws DuplicateNameError for another class of that name. */
  add(type: EventClass): void {
    if (type.name === '' || isTrait(type)) return
    const known = this.#classes.get(type.name)
    if (known !== undefined && known !== type)
      throw new DuplicateNameError({ kind: 'event', name: type.name })
    this.#classes.set(type.name, type)
  }

  has(type: EventClass): boolean {
    return this.#classes.get(type.name) === type
  }

  get(name: string): EventClass | undefined {
    return this.#classes.get(name)
  }

  /** For messages. */
  hint(name: string): string {
    return didYouMean(name, this.#classes.keys())
  }

  classes(): EventClass[] {
    return [...this.#classes.values()]
  }
}
