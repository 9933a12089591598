/**
 * Where a room lets others hear of one of its operations. Who listens is settled at boot. With nobody, a point costs
 * one comparison and allocates nothing:
 *
 *     return point.idle ? work() : point.run({ task: name }, work)
 *
 * Listeners stand beside the operation, not in its way: it starts at once, and neither its result nor its error changes.
 */
import { type Audience, type Listening, type OpenSpan, type OutcomeOf, RunningSpan } from './running-span'
import type { SpanAttributes, SpanName } from './span-attributes'

export class SpanPoint<Name extends SpanName = SpanName> {
  readonly name: Name
  /** Nobody listens: the caller runs its work directly. */
  idle = true
  #audience: Audience

  constructor(name: Name) {
    this.name = name
    this.#audience = { name, listening: [], isTimed: false, hasStates: false }
  }

  /** Settles who listens; called once, at boot. */
  compile(listening: readonly Listening[]): void {
    const isTimed = listening.some(({ listener }) => listener.isTimed !== false)
    const hasStates = listening.some(({ listener }) => listener.start !== undefined)
    this.#audience = { name: this.name, listening, isTimed, hasStates }
    this.idle = listening.length === 0
  }

  /**
   * Runs `operation` and returns or throws exactly what it does; a thenable that is no promise comes back as the one
   * promise of it.
   *
   * @param attributes an object of this span alone.
   * @param outcomeOf called once, when `operation` has ended. Must not throw.
   */
  run<T>(attributes: SpanAttributes[Name], operation: () => T, outcomeOf: OutcomeOf<Name> | null = null): T {
    return new RunningSpan(this.#audience, attributes, operation, outcomeOf, false).run()
  }

  /** As `run`, for an operation that knows better than its return when it is over: it ends the span, even if it throws. */
  open<T>(attributes: SpanAttributes[Name], operation: (span: OpenSpan<Name>) => T): T {
    return new RunningSpan(this.#audience, attributes, operation, null, true).run()
  }
}
