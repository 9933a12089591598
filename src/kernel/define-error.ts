/**
 * The one way to make an error a user can meet: a class with a stable code, a message that says what
 * happened and where, and what to do about it. Codes are listed in migration-guide/errors.md (a test
 * keeps both equal) and are never reused.
 */

/** What a definition needs: `what` builds the sentence from the facts, `fix` says what to do. */
export interface ErrorDefinition<Facts extends object> {
  /** HTTP status for an error that ends a request. Default 500. */
  readonly status?: number
  readonly what: (facts: Facts) => string
  readonly fix: string | ((facts: Facts) => string)
}

/** The class `defineError` returns; extend it to give the error its name. */
export interface CodedErrorClass<Facts extends object> {
  readonly code: string
  new (facts: Facts, options?: { readonly cause?: unknown }): RageError<Facts>
}

const anyBrand = Symbol.for('rage-js.error')

/**
 * Base of every error of rage-js. `instanceof` is answered by a `Symbol.for` brand, so that two copies
 * of the package in one process agree.
 */
export class RageError<Facts extends object = object> extends Error {
  /** Stable, documented code, such as `RAGE_DEFERRED_UNKNOWN_TASK`. */
  readonly code: string
  /** HTTP status: what a client receives when this error ends a request. */
  readonly status: number
  /** The values the message was built from. */
  readonly facts: Facts

  /** @internal */
  constructor(code: string, status: number, message: string, facts: Facts, cause: unknown) {
    super(`${code}: ${message}`, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.status = status
    this.facts = facts
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, anyBrand)
  }
}
Object.defineProperty(RageError.prototype, anyBrand, { value: true })

/**
 * Makes the base class of one coded error.
 *
 * @param code `RAGE_<WORD>_<FACT>`, where the word is that of the room.
 */
export function defineError<Facts extends object>(
  code: string,
  definition: ErrorDefinition<Facts>,
): CodedErrorClass<Facts> {
  const brand = Symbol.for(`rage-js.error.${code}`)
  const { what, fix, status = 500 } = definition

  class CodedError extends RageError<Facts> {
    static readonly code = code

    constructor(facts: Facts, options?: { readonly cause?: unknown }) {
      const advice = typeof fix === 'function' ? fix(facts) : fix
      super(code, status, `${what(facts)} ${advice}`, facts, options?.cause)
    }

    static override [Symbol.hasInstance](value: unknown): boolean {
      return hasBrand(value, brand)
    }
  }
  Object.defineProperty(CodedError.prototype, brand, { value: true })
  return CodedError
}

function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true
}
