/** Baggage of the running unit of work: names and values that go along to jobs and, where allowed, other services. */
import { type Baggage, baggageLimits } from './baggage'
import { currentContext } from './context'
import { ClosedContextError, InvalidBaggageError, NoContextError } from './errors'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** `rage.baggage`. What came in with a request came from outside: nothing in it can be trusted. */
export const currentBaggage = {
  /** The value of that name, or `undefined`. */
  get(name: string): string | undefined {
    return readable()?.get(name)?.value
  },

  /** All names and values. */
  all(): Readonly<Record<string, string>> {
    return Object.fromEntries([...(readable() ?? [])].map(([name, { value }]) => [name, value]))
  },

  /**
   * Sets a value for the rest of the unit of work, and for what it causes from now on. `null` = takes it out.
   *
   * @throws InvalidBaggageError for a name that no header can carry, or beyond 64 names; NoContextError; ClosedContextError
   */
  set(name: string, value: string | null): void {
    const context = currentContext()
    if (context === null) throw new NoContextError({ name: 'rage.baggage' })
    if (context.closed) throw new ClosedContextError({ name: 'rage.baggage', kind: context.kind })
    const baggage = new Map(context.trace.baggage ?? [])
    if (value === null) baggage.delete(name)
    else if (!token.test(name)) throw new InvalidBaggageError({ name, reason: 'is no token of HTTP' })
    else baggage.set(name, { value: String(value), properties: null })
    if (baggage.size > baggageLimits.members)
      throw new InvalidBaggageError({ name, reason: `would be number ${baggage.size}` })
    context.setBaggage(baggage.size === 0 ? null : baggage)
  },
}

function readable(): Baggage | null {
  const context = currentContext()
  return context === null || context.closed ? null : context.baggage
}
