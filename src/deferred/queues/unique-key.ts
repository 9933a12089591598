/** What makes two jobs of one task the same: a key given, or one made of the arguments. */
import { createHash } from 'node:crypto'
import { InvalidOptionError } from '../../kernel'
import { isUniqueKey, placementChecks } from './placement-checks'

/** A job's claim to be the only one. */
export interface UniqueKey {
  readonly key: string
  /** The key stays in force so long, even when the job is over; epoch milliseconds, 0 = not longer than the job. */
  readonly until: number
}

/** Tells keys made of arguments from those that were given. */
const mark = 'args:'

/**
 * Equal for equal arguments, whatever the order of their properties.
 *
 * @param text as in args.ts, not encrypted.
 */
export function keyOfArgs(text: string): string {
  const json = text.startsWith('#') ? text.indexOf(' ') + 1 : 0
  const canonical =
    json === text.length ? text : text.slice(0, json) + canonicalJson(JSON.parse(text.slice(json)))
  return mark + createHash('sha256').update(canonical).digest('base64url')
}

/** @throws InvalidOptionError */
export function checkedKey(option: string, key: unknown): string {
  if (isUniqueKey(key)) return key
  throw new InvalidOptionError({ option, expected: placementChecks.unique, given: key })
}

/** With the properties of every object in the order of their names. */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`,
  )
  return `{${members.sort().join()}}`
}
