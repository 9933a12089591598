/**
 * What `perform` threw on a thread, written down and made again. Cloning would keep neither the class name nor `code`,
 * which `retryIn` and logs look at. An instance of its class it is no more: `retryIn` goes by `name` and `code`.
 */
import type { Codecs } from '../../codec'
import { showable } from '../../kernel'
import { Unrecoverable } from '../unrecoverable'

export type Failure =
  | {
      readonly name: string
      readonly message: string
      readonly stack: string | null
      readonly isUnrecoverable: boolean
      /** Its own fields that can be written, each as src/codec does. */
      readonly fields: readonly (readonly [string, string])[]
      readonly cause: Failure | null
    }
  /** Something else than an error, as src/codec writes it. */
  | { readonly thrown: string }

/** Longer chains of causes are circles. */
const longestChain = 10

export function writeFailure(given: unknown, codecs: Codecs, depth = 0): Failure {
  const thrown = showable(given)
  if (!(thrown instanceof Error)) return { thrown: written(thrown, codecs) ?? JSON.stringify(String(thrown)) }
  const { name, message, stack, cause } = thrown
  const fields = Object.entries(thrown).flatMap(([key, value]): [string, string][] => {
    const text = key === 'name' || key === 'cause' ? null : written(value, codecs)
    return text === null ? [] : [[key, text]]
  })
  return {
    name: String(name),
    message: String(message),
    stack: typeof stack === 'string' ? stack : null,
    isUnrecoverable: thrown instanceof Unrecoverable,
    fields,
    cause: cause === undefined || depth === longestChain ? null : writeFailure(cause, codecs, depth + 1),
  }
}

export function reviveFailure(failure: Failure, codecs: Codecs): unknown {
  if ('thrown' in failure) return codecs.decode(failure.thrown)
  const { message, name, stack } = failure
  const options = failure.cause === null ? {} : { cause: reviveFailure(failure.cause, codecs) }
  const error = failure.isUnrecoverable ? new Unrecoverable(message, options) : new Error(message, options)
  define(error, 'name', name, false)
  if (stack !== null) define(error, 'stack', stack, false)
  for (const [key, text] of failure.fields) define(error, key, codecs.decode(text), true)
  return error
}

/** `null` for what cannot be written. */
function written(value: unknown, codecs: Codecs): string | null {
  try {
    return codecs.encode(value)
  } catch {
    return null
  }
}

/** Not by assignment: a field may be called `__proto__`. */
function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true })
}
