/**
 * How the values of one runtime are written as text, and read:
 *
 *     <JSON>          what JSON gives back as it was: as it is, without any mark
 *     #1 <JSON>       the same with tags, see tagging.ts; 1 is the version of the tags
 *
 * No JSON begins with `#`, so nothing that was ever written as plain JSON reads as anything else.
 */
import { InvalidOptionError, Registry } from '../kernel'
import { isPlain } from './plain'
import { Tagging } from './tagging'
import { untag } from './untagging'

/** How instances of a class are written, and made again. */
export interface ValueCodec<T extends object = never, Encoded = never> {
  /** The class, exactly: instances of its subclasses need a codec of their own. */
  readonly type: abstract new (
    ...args: never[]
  ) => T
  /** What stands for the instance: JSON, dates, maps, other declared classes. */
  readonly encode: (value: T) => unknown
  /** An equal instance, from what `encode` gave, perhaps long ago. */
  readonly decode: (encoded: Encoded) => T
}

export interface Declared {
  readonly name: string
  // Instances of its own class only, which the look-up by prototype sees to.
  readonly codec: { readonly encode: (value: never) => unknown }
}

const mark = '#'
const versionMark = '#1 '

export class Codecs {
  readonly #named = new Registry<ValueCodec>('codec')
  readonly #byPrototype = new Map<object, Declared>()

  /**
   * @param name stored with every value: it stays the same when the class is renamed.
   * @throws InvalidOptionError, DuplicateNameError, RegistrationClosedError (after boot)
   */
  declare<T extends object, Encoded>(name: string, codec: ValueCodec<T, Encoded>): void {
    refuseUnusable(name, codec)
    const prototype: object = codec.type.prototype
    if (this.#byPrototype.has(prototype)) {
      throw new InvalidOptionError({
        option: `codec("${name}").type`,
        expected: 'a class without a codec',
        given: codec.type,
      })
    }
    this.#named.add(name, codec as unknown as ValueCodec)
    this.#byPrototype.set(prototype, { name, codec })
  }

  /** Ends declarations; called at boot. */
  close(): void {
    this.#named.close()
  }

  /** @throws Fault when the value, or something in it, would not come back as it is. */
  encode(value: unknown): string {
    if (isPlain(value, [])) return JSON.stringify(value)
    return versionMark + JSON.stringify(new Tagging(this.#declared).write(value))
  }

  /** @throws Error saying what is wrong with the text; also what a declared codec throws. */
  decode(text: string): unknown {
    if (!text.startsWith(mark)) return JSON.parse(text)
    if (!text.startsWith(versionMark))
      throw new Error(`its format is ${JSON.stringify(text.slice(0, 8))}, known is ${versionMark.trim()}`)
    return untag(JSON.parse(text.slice(versionMark.length)), (name) => this.#named.get(name))
  }

  readonly #declared = (value: object): Declared | null => {
    if (this.#byPrototype.size === 0) return null
    return this.#byPrototype.get(Object.getPrototypeOf(value)) ?? null
  }
}

function refuseUnusable(name: unknown, codec: { type?: unknown; encode?: unknown; decode?: unknown }): void {
  const refuse = (option: string, expected: string, given: unknown): never => {
    throw new InvalidOptionError({ option, expected, given })
  }
  if (typeof name !== 'string' || name === '') refuse('codec(name)', 'a string that is not empty', name)
  const option = `codec("${name}")`
  if (typeof codec !== 'object' || codec === null) refuse(option, '{ type, encode, decode }', codec)
  if (typeof codec.type !== 'function' || codec.type === Object || codec.type === Array)
    refuse(`${option}.type`, 'a class', codec.type)
  for (const way of ['encode', 'decode'] as const)
    if (typeof codec[way] !== 'function') refuse(`${option}.${way}`, 'a function', codec[way])
}
