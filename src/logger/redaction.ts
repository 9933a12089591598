/**
 * Keeps secrets out of lines: the value of a field whose name says that it is one is written as "[Redacted]",
 * wherever the field stands, also in the text of an address or a body. A line without such a field is handed on as it is,
 * uncopied; names are judged once. What stands in messages, in other texts or in an error's message is not looked at.
 */
import { Stream } from 'node:stream'
import { plainName, type Verdict, verdictOn } from './secret-names'
import {
  addressWithoutSecrets,
  brokenJsonWithoutSecrets,
  formWithoutSecrets,
  type IsSecret,
  redacted,
} from './secret-texts'

/**
 * Answers its argument, or a copy without secrets. Never throws.
 *
 * @param isLine `false`: what a serializer has made, which no other will see. Default `true`.
 */
export type Redact = (fields: object, isLine?: boolean) => object

/** Written in place of what stands deeper, or beyond what one line may hold: it is not looked at, so it is not shown. */
export const notShown = '[Object]'
const unreadable = '[Unreadable]'

const maxDepth = 8
/** Objects looked at per line; a graph of objects that know each other has no end. */
const maxObjects = 1_000
/** Names remembered; an app that logs maps by id would fill the memory. */
const maxNames = 2_000

/** @param names further fields, compared without regard to case, `-` and `_`. */
export function createRedaction(names: readonly string[]): Redact {
  const own = new Set(names.map(plainName))
  const judged = new Map<string, Verdict>()
  let left = 0
  let isWholeLine = true

  const judge = (name: string): Verdict => {
    let verdict = judged.get(name)
    if (verdict !== undefined) return verdict
    const word = plainName(name)
    verdict = own.has(word) ? 'secret' : verdictOn(name, word)
    if (judged.size >= maxNames) judged.clear()
    judged.set(name, verdict)
    return verdict
  }

  const isSecret: IsSecret = (name, value) => {
    const verdict = judge(name)
    return verdict === 'secret' || (verdict === 'counted' && !/^\d*$/.test(value))
  }

  const lookAtBody = (text: string, depth: number): string => {
    if (!/^\s*[{[]/.test(text)) return formWithoutSecrets(text, isSecret)
    let body: object
    try {
      body = JSON.parse(text) as object
    } catch {
      return brokenJsonWithoutSecrets(text, isSecret)
    }
    const shown = inside(body, depth + 1)
    return shown === body ? text : JSON.stringify(shown)
  }

  /** A text or a number whose name is not harmless. */
  const lookAtValue = (value: unknown, verdict: Verdict, depth: number): unknown => {
    if (verdict === 'secret') return redacted
    if (typeof value !== 'string') return value
    if (verdict === 'counted') return redacted
    return verdict === 'address' ? addressWithoutSecrets(value, isSecret) : lookAtBody(value, depth)
  }

  const lookAtList = (list: readonly unknown[], depth: number): unknown => {
    let copy: unknown[] | null = null
    for (let index = 0; index < list.length; index++) {
      const value = list[index]
      if (typeof value !== 'object' || value === null) continue
      const shown = inside(value, depth + 1)
      if (shown === value) continue
      copy ??= [...list]
      copy[index] = shown
    }
    return copy ?? list
  }

  const look = (object: Fields, depth: number): unknown => {
    if (Array.isArray(object)) return lookAtList(object, depth)
    let copy: Fields | null = null
    const names = Object.keys(object)
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!
      const value = object[name]
      let shown = value
      if (typeof value === 'object' && value !== null) {
        if (depth === 0 && isWholeLine && isSerialized(name, value)) continue
        const verdict = judge(name)
        shown = verdict === 'secret' || verdict === 'counted' ? redacted : inside(value, depth + 1)
      } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
        const verdict = judge(name)
        if (verdict !== 'harmless') shown = lookAtValue(value, verdict, depth)
      }
      if (shown === value) continue
      copy ??= { ...object }
      copy[name] = shown
    }
    return copy ?? object
  }

  const inside = (value: object, depth: number): unknown => {
    if (isOpaque(value)) return value
    if (depth > maxDepth || left <= 0) return notShown
    left -= 1
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON !== 'function') {
      // The line of a request, with its headers, stands in the fields of requests and of responses.
      return value instanceof Stream ? notShown : look(value as Fields, depth)
    }
    const made: unknown = toJSON.call(value)
    if (typeof made !== 'string' && (typeof made !== 'object' || made === null)) return value
    // A text: that of a URL.
    const shown =
      typeof made === 'string' ? addressWithoutSecrets(made, isSecret) : look(made as Fields, depth)
    return shown === made ? value : shown
  }

  /** Something throws when it is read: field by field, so that only that is left out. */
  const lookCarefully = (fields: Fields): object => {
    const copy: Fields = {}
    for (const name of Object.keys(fields)) {
      try {
        Object.assign(copy, look({ [name]: fields[name] }, 0))
      } catch {
        copy[name] = unreadable
      }
    }
    return copy
  }

  return (fields, isLine = true) => {
    left = maxObjects
    isWholeLine = isLine
    try {
      return look(fields as Fields, 0) as object
    } catch {
      return lookCarefully(fields as Fields)
    }
  }
}

type Fields = Record<string, unknown>

/** Values without fields of their own that could be secret. */
function isOpaque(value: object): boolean {
  return value instanceof Date || ArrayBuffer.isView(value)
}

/**
 * The logger's serializers write these. That of errors comes back here with what it makes of
 * them; those of requests and responses show no secrets.
 */
function isSerialized(name: string, value: object): boolean {
  if (name === 'err') return value instanceof Error
  return (name === 'req' || name === 'res') && value instanceof Stream
}
