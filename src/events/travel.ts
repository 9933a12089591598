/**
 * How an event travels into a job and back: written as JSON, revived as an instance of its class.
 *
 * Without `toJSON` and `revive` the event's own fields travel, and the constructor does not run again; a
 * field that JSON would change on the way (a Date, a Map, an instance) is refused when the event is published.
 */
import { NotRevivableError } from './errors'
import type { EventClass, EventMeta } from './subscriber'

/** What a job of a deferred subscriber carries besides the names; JSON. */
export interface EventData {
  /** The event's `toJSON()` or its own fields. */
  readonly event: unknown
  /** The publisher's `context`; left out when none was given. */
  readonly context?: EventMeta['context']
}

/** What an event class may have to travel in a form of its own. */
interface Travelling {
  readonly revive?: (json: unknown) => object
}

/** A copy that later changes of the event do not reach. @throws NotRevivableError */
export function dumpEvent(event: object, type: EventClass, { context }: EventMeta): EventData {
  const isOwnForm = typeof (event as { toJSON?: unknown }).toJSON === 'function' || 'revive' in type
  if (!isOwnForm) refuseChanged(event, type.name, 'event', true)
  refuseChanged(context, type.name, 'context')
  const hasContext = Object.keys(context).length > 0
  try {
    return JSON.parse(JSON.stringify({ event, ...(hasContext ? { context } : null) }))
  } catch (cause) {
    throw new NotRevivableError({ event: type.name, path: 'event', given: 'no JSON' }, { cause })
  }
}

/** The event as an instance of `type`: by its `static revive(json)` if it has one, else field by field. */
export function reviveEvent(data: EventData, type: EventClass): object {
  const { revive } = type as Travelling
  if (revive !== undefined) return revive.call(type, data.event)
  const event: object = Object.create(type.prototype)
  for (const [name, value] of Object.entries(data.event as object)) {
    // As class fields are: assignment would call setters, and `__proto__` is one.
    Object.defineProperty(event, name, { value, writable: true, enumerable: true, configurable: true })
  }
  return event
}

/** @throws NotRevivableError naming the first value that is not the same after JSON. `undefined` fields may go. */
function refuseChanged(
  value: unknown,
  event: string,
  path: string,
  isEvent = false,
  above: readonly object[] = [],
): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value))
    return
  if (typeof value !== 'object') throw new NotRevivableError({ event, path, given: describe(value) })
  if (above.includes(value)) throw new NotRevivableError({ event, path, given: 'a circular reference' })
  const inside = [...above, value]
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      refuseChanged(item, event, `${path}[${index}]`, false, inside)
    return
  }
  if (!isEvent && !isPlain(value)) throw new NotRevivableError({ event, path, given: describe(value) })
  for (const [name, field] of Object.entries(value)) {
    if (field !== undefined) refuseChanged(field, event, `${path}.${name}`, false, inside)
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return `an instance of ${value.constructor?.name || 'a class'}`
  return typeof value === 'number' ? String(value) : `a ${typeof value}`
}
