/**
 * The one way to declare and resolve options: every key has a default and a check; nested groups merge
 * key by key; an unknown key or a wrong value is refused with its full path; the result is frozen and
 * nothing reads the raw options afterwards.
 */
import { InvalidOptionError, UnknownOptionError } from './errors'
import { didYouMean } from './nearest'

/** One key: its default and a check that answers `null`, or what was expected instead. */
export interface Option<T> {
  readonly default: T
  readonly expects: (value: unknown) => string | null
}

/** A check per key of the public options interface `O`. Groups nest. */
export type OptionSpec<O> = {
  readonly [K in keyof Required<O>]: Option<Exclude<O[K], undefined>> | OptionGroup<Exclude<O[K], undefined>>
}

/** A named set of options, made by `defineOptions`. */
export interface OptionGroup<O> {
  readonly group: OptionSpec<O>
}

/** What `resolveOptions` returns: every key present, groups resolved, frozen. */
export type Resolved<O> = { readonly [K in keyof Required<O>]: Exclude<O[K], undefined> }

/** Declares a group of options; the type parameter is the public interface with the doc comments. */
export function defineOptions<O>(group: OptionSpec<O>): OptionGroup<O> {
  return { group }
}

/**
 * Checks `given` against the group and fills in the defaults.
 *
 * @param path name used in messages, such as `createRage` or `deferred`.
 * @throws UnknownOptionError, InvalidOptionError
 */
export function resolveOptions<O extends object>(
  group: OptionGroup<O>,
  given: O | undefined,
  path: string,
): Resolved<O> {
  return resolveGroup(group as OptionGroup<object>, given, path) as Resolved<O>
}

function resolveGroup(group: OptionGroup<object>, given: unknown, path: string): object {
  const spec = group.group as Record<string, Option<unknown> | OptionGroup<object>>
  if (given === undefined) given = {}
  if (!isPlainObject(given)) throw new InvalidOptionError({ option: path, expected: 'an object', given })
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(spec, key)) {
      throw new UnknownOptionError({ option: `${path}.${key}`, hint: didYouMean(key, Object.keys(spec)) })
    }
  }
  const resolved: Record<string, unknown> = {}
  for (const [key, option] of Object.entries(spec)) {
    resolved[key] = resolveOne(option, given[key], `${path}.${key}`)
  }
  return Object.freeze(resolved)
}

function resolveOne(option: Option<unknown> | OptionGroup<object>, given: unknown, path: string): unknown {
  if ('group' in option) return resolveGroup(option, given, path)
  if (given === undefined) return option.default
  const expected = option.expects(given)
  if (expected !== null) throw new InvalidOptionError({ option: path, expected, given })
  return given
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A whole number within bounds (inclusive). */
export function wholeNumber(bounds: { default: number; min: number; max?: number }): Option<number> {
  const { min, max = Number.MAX_SAFE_INTEGER } = bounds
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`
  return {
    default: bounds.default,
    expects: (value) =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? null : expected,
  }
}

/** One of a fixed set of values. */
export function oneOf<const T extends string | boolean>(
  values: readonly T[],
  standard: NoInfer<T>,
): Option<T> {
  return {
    default: standard,
    expects: (value) =>
      values.includes(value as T) ? null : `one of ${values.map((v) => JSON.stringify(v)).join(', ')}`,
  }
}

/** `true` or `false`. */
export function flag(standard: boolean): Option<boolean> {
  return { default: standard, expects: (value) => (typeof value === 'boolean' ? null : 'true or false') }
}

/** A string that is not empty. */
export function text(standard: string): Option<string> {
  return {
    default: standard,
    expects: (value) => (typeof value === 'string' && value !== '' ? null : 'a string that is not empty'),
  }
}

/** Any value for which `accepts` answers true; `expected` says which, for the message. */
export function anyValue<T>(standard: T, expected: string, accepts: (value: unknown) => boolean): Option<T> {
  return { default: standard, expects: (value) => (accepts(value) ? null : expected) }
}
