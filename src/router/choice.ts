/**
 * Routes that match the same paths with the same method and are told apart by constraints: tried in the order
 * they were drawn. find-my-way asks, by way of a constraint strategy, and goes on to less specific routes when
 * none is passed. Where no route has constraints none of this exists.
 */
import { type ConstraintRequest, passes } from './constraints'
import { DuplicateRouteError } from './errors'
import type { Entry } from './match'

/** What find-my-way hands from the tree to its choices: one object per tree, filled in before each search. */
export interface Probe {
  request: ConstraintRequest | null
  /** Off: every choice says yes, for the question whether a path could be ours. */
  isAsked: boolean
}

export class Choice<T> {
  /** As entries have it: the parameters are always read again, because their names may differ. */
  readonly isPlain = false
  readonly #entries: Entry<T>[]
  /** Of the last request that passed, until the next one is asked about; a search is synchronous. */
  chosen: Entry<T>
  failure: unknown = null

  constructor(first: Entry<T>) {
    this.#entries = [first]
    this.chosen = first
  }

  /** @throws DuplicateRouteError when whatever passes it has passed an earlier one. */
  add(entry: Entry<T>): void {
    const { route } = entry
    const texts = textsOf(entry)
    const first = this.#entries.find((other) => textsOf(other).every((text) => texts.includes(text)))
    if (first !== undefined) {
      throw new DuplicateRouteError({
        method: route.method,
        pattern: route.pattern,
        source: route.source,
        firstPattern: first.route.pattern,
        firstSource: first.route.source,
      })
    }
    this.#entries.push(entry)
  }

  /** Whether the request passes any of them. A constraint that fails ends the search: it is no "no". */
  choose({ request, isAsked }: Probe): boolean {
    for (const entry of this.#entries) {
      if (!isAsked) return this.#take(entry, null)
      const { conditions } = entry.route
      if (conditions.length === 0) return this.#take(entry, null)
      if (request === null) continue
      try {
        if (passes(entry.route, request)) return this.#take(entry, null)
      } catch (error) {
        return this.#take(entry, error)
      }
    }
    return false
  }

  #take(entry: Entry<T>, failure: unknown): boolean {
    this.chosen = entry
    this.failure = failure
    return true
  }
}

function textsOf<T>({ route }: Entry<T>): readonly string[] {
  return route.conditions.map(({ text }) => text)
}

/** find-my-way compares constraints member by member; of functions it only asks whether they are the same. */
type ChoiceOf = () => Choice<unknown>

/** find-my-way's side of it. */
export function choiceStrategy(probe: Probe): object {
  return {
    name: 'rage',
    storage: () => {
      // One per node of the tree; a node has one choice, whose place in find-my-way's bit mask is kept here.
      const bits = new Map<unknown, number>()
      return {
        get: (value: unknown): number => {
          if (value !== probe) return bits.get(value) ?? 0
          for (const [choice, bit] of bits) if ((choice as ChoiceOf)().choose(probe)) return bit
          return 0
        },
        set: (value: unknown, bit: number): void => void bits.set(value, bit),
      }
    },
    deriveConstraint: () => probe,
  }
}
