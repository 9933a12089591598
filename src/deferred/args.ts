/**
 * Arguments of a job as JSON. Whatever JSON would silently change is refused where it is enqueued, with its
 * path, instead of surprising the attempt later. One exception, as everywhere in JavaScript: a property that
 * is `undefined` is left out.
 */
import { ArgsTooLargeError, InvalidArgsError } from './errors'

/** Deeper than this is a cycle in all but name, and `JSON.stringify` would run out of stack. */
const maxDepth = 500

/**
 * @returns the JSON text, or an empty string when there are no arguments.
 * @throws InvalidArgsError, ArgsTooLargeError
 */
export function encodeArgs(task: string, args: unknown, maxBytes: number): string {
  if (args === undefined) return ''
  const fault = findFault(args, [])
  if (fault !== null) throw new InvalidArgsError({ task, path: `args${fault.path}`, problem: fault.problem })
  const json = JSON.stringify(args)
  // A UTF-16 unit takes at most three bytes of UTF-8, so most texts need no counting.
  if (json.length * 3 > maxBytes) {
    const bytes = Buffer.byteLength(json)
    if (bytes > maxBytes) throw new ArgsTooLargeError({ task, bytes, limit: maxBytes })
  }
  return json
}

/** A fresh copy for one attempt. */
export function decodeArgs(json: string): unknown {
  return json === '' ? undefined : JSON.parse(json)
}

interface Fault {
  readonly path: string
  readonly problem: string
}

/** The first value that would not survive, or `null`. The path is built only once there is a fault. */
function findFault(value: unknown, ancestors: object[]): Fault | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null
    case 'number':
      return Number.isFinite(value) ? null : { path: '', problem: `is ${value}` }
    case 'object':
      return value === null ? null : findFaultInside(value, ancestors)
    case 'undefined':
      return { path: '', problem: 'is undefined' }
    default:
      return { path: '', problem: `is a ${typeof value}` }
  }
}

function findFaultInside(value: object, ancestors: object[]): Fault | null {
  if (ancestors.includes(value)) return { path: '', problem: 'refers back to an object around it' }
  if (ancestors.length >= maxDepth)
    return { path: '', problem: `is nested more than ${maxDepth} levels deep` }
  ancestors.push(value)
  const fault = Array.isArray(value)
    ? findFaultInArray(value, ancestors)
    : findFaultInObject(value, ancestors)
  ancestors.pop()
  return fault
}

function findFaultInArray(values: readonly unknown[], ancestors: object[]): Fault | null {
  for (let index = 0; index < values.length; index++) {
    const fault = findFault(values[index], ancestors)
    if (fault !== null) return { path: `[${index}]${fault.path}`, problem: fault.problem }
  }
  return null
}

function findFaultInObject(value: object, ancestors: object[]): Fault | null {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    return { path: '', problem: describe(value) }
  const [symbol] = Object.getOwnPropertySymbols(value)
  if (symbol !== undefined) return { path: '', problem: `has the key ${String(symbol)}` }
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key]
    if (member === undefined) continue
    const fault = findFault(member, ancestors)
    if (fault !== null) return { path: pathOf(key) + fault.path, problem: fault.problem }
  }
  return null
}

function pathOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

/** `is a Date`, `is an Order`. */
function describe(value: object): string {
  const name = (value.constructor as { name?: string } | undefined)?.name || 'class instance'
  return `is ${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`
}
