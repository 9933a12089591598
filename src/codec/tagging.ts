/**
 * A value as a tree that JSON can write, with tags where JSON has no word for something. Also who finds what cannot
 * be written at all, and where it is.
 *
 *     {"$date":"2026-01-02T03:04:05.678Z"}   ISO 8601, or null for an invalid one
 *     {"$map":[[key,value],...]}             in the order of the map
 *     {"$set":[item,...]}
 *     {"$buffer":"base64"}                   a Buffer
 *     {"$bytes":"base64"}                    a Uint8Array
 *     {"$url":"https://example.com/"}
 *     {"$bigint":"-123"}                     decimal
 *     {"$number":"NaN"}                      also Infinity, -Infinity, -0
 *     {"$undefined":null}
 *     {"$codec":[name,encoded]}              an instance that a declared codec has written
 *     {"$$x":value}                          the object { $x: value }, which would look like a tag
 *
 * A tag is an object with one key that begins with `$`; such an object of the user's gets one `$` more. Nothing else is escaped.
 */
import type { Declared } from './codecs'
import { Fault } from './fault'
import { kinds } from './kinds'
import { isPlainNumber, isPlainObject, maxDepth } from './plain'

export class Tagging {
  readonly #declared: (value: object) => Declared | null
  readonly #ancestors: object[] = []
  /** How to get from the value to where we are: keys and indexes, or steps as they are shown. */
  readonly #path: (string | number | { readonly shown: string })[] = []

  /** @param declared the codec for a value, or `null`. */
  constructor(declared: (value: object) => Declared | null) {
    this.#declared = declared
  }

  /** @throws Fault */
  write(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        return isPlainNumber(value) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) }
      case 'bigint':
        return { $bigint: String(value) }
      case 'undefined':
        return { $undefined: null }
      case 'object':
        return value === null ? null : this.#writeObject(value)
      default:
        throw this.#fault(`is a ${typeof value}`)
    }
  }

  #writeObject(value: object): unknown {
    if (this.#ancestors.includes(value)) throw this.#fault('refers back to an object around it')
    if (this.#ancestors.length >= maxDepth) throw this.#fault(`is nested more than ${maxDepth} levels deep`)
    this.#ancestors.push(value)
    const written = this.#writeDeclared(value) ?? this.#writeKnown(value)
    this.#ancestors.pop()
    return written
  }

  #writeDeclared(value: object): unknown {
    const declared = this.#declared(value)
    if (declared === null) return null
    let encoded: unknown
    try {
      encoded = declared.codec.encode(value as never)
    } catch (cause) {
      throw this.#fault(`cannot be written by the codec "${declared.name}"`, cause)
    }
    return { $codec: [declared.name, this.write(encoded)] }
  }

  #writeKnown(value: object): unknown {
    if (Array.isArray(value)) return this.#writeArray(value)
    if (isPlainObject(value)) return this.#writeRecord(value)
    const kind = kinds.find(({ is }) => is(value))
    if (kind === undefined) throw this.#fault(describe(value))
    return {
      [`$${kind.tag}`]: kind.write(value as never, (inner, shown) => this.#inside({ shown }, inner)),
    }
  }

  #writeArray(values: readonly unknown[]): unknown[] {
    const written: unknown[] = []
    for (let index = 0; index < values.length; index++) {
      if (!(index in values)) throw this.#fault(`has nothing at [${index}], not even undefined`)
      written.push(this.#inside(index, values[index]))
    }
    return written
  }

  #writeRecord(value: object): object {
    const [symbol] = Object.getOwnPropertySymbols(value)
    if (symbol !== undefined) throw this.#fault(`has the key ${String(symbol)}`)
    const keys = Object.keys(value)
    // Without prototype, so that `__proto__` is a key like any other.
    const written: Record<string, unknown> = Object.create(null)
    const prefix = keys.length === 1 && keys[0]!.startsWith('$') ? '$' : ''
    for (const key of keys) written[prefix + key] = this.#inside(key, (value as Record<string, unknown>)[key])
    return written
  }

  #inside(step: string | number | { readonly shown: string }, value: unknown): unknown {
    this.#path.push(step)
    const written = this.write(value)
    this.#path.pop()
    return written
  }

  #fault(problem: string, cause?: unknown): Fault {
    return new Fault(clipped(this.#path.map(shownStep).join('')), problem, cause)
  }
}

/** Both ends of a path that nobody would read: hundreds of steps, or a key that is a whole text. */
function clipped(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 100)} … ${path.slice(-80)}`
}

function shownStep(step: string | number | { readonly shown: string }): string {
  if (typeof step === 'object') return step.shown
  if (typeof step === 'number') return `[${step}]`
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}

/** `is a RegExp`, `is an Order`. */
function describe(value: object): string {
  const name = (value.constructor as { name?: string } | undefined)?.name || 'class instance'
  return `is ${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`
}
