/**
 * One run of an operation that somebody listens to. Starts it exactly once, in the turn it was asked for, inside of
 * whoever wants to be around it; tells everybody its end; hands back its outcome untouched.
 *
 * Hot path: bench/telemetry.mjs. Nothing is made for a listener that does not ask for it: no list of states without a
 * `start`, no reading of the clock without one that wants durations, no promise where the operation has none.
 */
import { isThenable } from '../kernel'
import type { Complaints } from './complaints'
import type { SpanAttributes, SpanName, SpanOutcome } from './span-attributes'
import type { Span, SpanListener, SpanResult } from './span-listener'

/** A listener of one point, and where its faults go. */
export interface Listening {
  readonly listener: SpanListener
  readonly complaints: Complaints
}

/** Who listens to one name, settled at boot. */
export interface Audience {
  readonly name: SpanName
  readonly listening: readonly Listening[]
  /** Somebody wants to know how long it takes. */
  readonly isTimed: boolean
  /** Somebody has a `start`, and gets its state back. */
  readonly hasStates: boolean
}

/** What is known at the end; `value` is `undefined` when there is an error. */
export type OutcomeOf<Name extends SpanName> = (value: unknown, error: unknown) => SpanOutcome<Name>

/** A span that whoever opened it ends. */
export interface OpenSpan<Name extends SpanName> {
  /** The first call counts. @param error what went wrong, or `null`. */
  end(error: unknown, outcome: SpanOutcome<Name>): void
}

export class RunningSpan<Name extends SpanName, T> implements OpenSpan<Name> {
  readonly #audience: Audience
  readonly #span: Span
  readonly #operation: (span: OpenSpan<Name>) => T
  readonly #outcomeOf: OutcomeOf<Name> | null
  readonly #endsItself: boolean
  readonly #states: unknown[] | null
  /** How many listeners have been passed on the way in. */
  #entered: number
  #startedAt: number
  #value: T | undefined
  #error: unknown
  #hasThrown: boolean
  #isEnded: boolean

  // Positions, and no object of names: this is made for every operation.
  constructor(
    audience: Audience,
    attributes: SpanAttributes[Name],
    operation: (span: OpenSpan<Name>) => T,
    outcomeOf: OutcomeOf<Name> | null,
    endsItself: boolean,
  ) {
    this.#audience = audience
    this.#span = { name: audience.name, attributes } as Span
    this.#operation = operation
    this.#outcomeOf = outcomeOf
    this.#endsItself = endsItself
    this.#states = audience.hasStates ? new Array(audience.listening.length) : null
    this.#entered = 0
    this.#startedAt = 0
    this.#value = undefined
    this.#error = null
    this.#hasThrown = false
    this.#isEnded = false
  }

  /** Returns or throws exactly what the operation does. */
  run(): T {
    this.#enter(0)
    if (this.#hasThrown) throw this.#error
    return this.#value as T
  }

  end(error: unknown, outcome: SpanOutcome<Name>): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const { listening, isTimed } = this.#audience
    const durationMs = isTimed ? performance.now() - this.#startedAt : 0
    const result = { error, durationMs, outcome } as SpanResult
    const states = this.#states
    for (let index = listening.length - 1; index >= 0; index--) {
      const { listener, complaints } = listening[index]!
      if (listener.end === undefined) continue
      try {
        // None can change what the next one is told.
        const own = listening.length === 1 ? result : copyOf(result)
        listener.end(this.#span, own, states === null ? undefined : states[index])
      } catch (fault) {
        complaints.add('threw', this.#span.name, fault)
      }
    }
  }

  #enter(from: number): void {
    this.#entered = from
    const { listening } = this.#audience
    for (let index = from; index < listening.length; index++) {
      const { listener, complaints } = listening[index]!
      let state: unknown
      if (listener.start !== undefined) {
        try {
          state = listener.start(this.#span)
        } catch (fault) {
          complaints.add('threw', this.#span.name, fault)
        }
      }
      if (this.#states !== null) this.#states[index] = state
      if (listener.within !== undefined) return this.#enterWithin(index, state)
    }
    this.#start()
  }

  #enterWithin(index: number, state: unknown): void {
    const { listener, complaints } = this.#audience.listening[index]!
    const proceed = (): void => {
      if (this.#entered <= index) this.#enter(index + 1)
    }
    try {
      listener.within!(this.#span, state, proceed)
    } catch (fault) {
      complaints.add('threw', this.#span.name, fault)
    }
    proceed()
  }

  #start(): void {
    // Even without listeners after the last `within`: it counts as passed.
    this.#entered = this.#audience.listening.length + 1
    if (this.#audience.isTimed) this.#startedAt = performance.now()
    let value: T
    try {
      value = this.#operation(this)
    } catch (error) {
      this.#hasThrown = true
      this.#error = error
      if (!this.#endsItself) this.#settle(undefined, error)
      return
    }
    if (this.#endsItself) this.#value = value
    else if (isThenable(value)) this.#follow(value)
    else {
      this.#value = value
      this.#settle(value, null)
    }
  }

  #follow(value: PromiseLike<unknown>): void {
    // A query builder runs its query at every call of `then`: from here on there is one promise of it.
    const promise = value instanceof Promise ? value : Promise.resolve(value)
    this.#value = promise as T
    promise.then(
      (result: unknown) => this.#settle(result, null),
      (error: unknown) => this.#settle(undefined, error),
    )
  }

  #settle(value: unknown, error: unknown): void {
    this.end(error, this.#outcomeOf === null ? (nothing as SpanOutcome<Name>) : this.#outcomeOf(value, error))
  }
}

function copyOf({ error, durationMs, outcome }: SpanResult): SpanResult {
  return { error, durationMs, outcome: { ...outcome } } as SpanResult
}

const nothing = Object.freeze({})
