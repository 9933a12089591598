/**
 * Which failures have been reported. One failure passes several who report it: the code that caught it and threw it again,
 * the subscriber, the job around it, the handler of the request. The same error of another request is another failure.
 */
import { type Context, wholeOf } from '../context'

/** Longer chains are circles. */
const longestChain = 20
/** Values remembered per unit of work. */
const maxValues = 16

interface Known {
  /** Of the unit of work; `null` = reported outside of any. */
  readonly requestId: string | null
  readonly handled: boolean
}

export class KnownErrors {
  readonly #errors = new WeakMap<object, Known>()
  /** Strings and other values that are no objects, by the unit of work they were thrown in. */
  readonly #values = new WeakMap<Context, Set<unknown>>()

  /** Whether this is news; from then on it is none, nor are the errors it was made because of. */
  add(error: unknown, handled: boolean, context: Context | null): boolean {
    if (typeof error !== 'object' || error === null) return this.#addValue(error, context)
    const requestId = context?.requestId ?? null
    const chain = causesOf(error)
    if (this.#isKnown(error, requestId)) return false
    // Thrown because of one that is known as the end of something. One that was handled is only where it began.
    const causes = chain.slice(1)
    if (causes.some((cause) => this.#isKnown(cause, requestId) && !this.#errors.get(cause)!.handled))
      return false
    this.#errors.set(error, { requestId, handled })
    if (!handled) for (const cause of causes) this.#errors.set(cause, { requestId, handled })
    return true
  }

  #isKnown(error: object, requestId: string | null): boolean {
    const known = this.#errors.get(error)
    if (known === undefined) return false
    if (known.requestId !== null) return requestId === null || known.requestId === requestId
    // The first unit of work that meets it may be the one it was reported for, from where the context was lost. An error
    // that others meet later, such as that of a connection for all of them, is a failure of each.
    if (requestId !== null) this.#errors.set(error, { ...known, requestId })
    return true
  }

  #addValue(value: unknown, context: Context | null): boolean {
    if (context === null) return true
    const unit = wholeOf(context)
    const known = this.#values.get(unit)
    if (known === undefined) {
      this.#values.set(unit, new Set([value]))
      return true
    }
    if (known.has(value)) return false
    if (known.size < maxValues) known.add(value)
    return true
  }
}

/** The error itself, its cause, the cause of that, and so on. */
function causesOf(error: object): readonly object[] {
  const chain = [error]
  try {
    let at: unknown = (error as { cause?: unknown }).cause
    while (typeof at === 'object' && at !== null && chain.length < longestChain) {
      chain.push(at)
      at = (at as { cause?: unknown }).cause
    }
  } catch {
    // What cannot be read is no cause.
  }
  return chain
}
