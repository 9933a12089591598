/**
 * How an event travels into a job and back: its own fields, revived as an instance of its class without running the
 * constructor again; or what its `toJSON` and `static revive` make of it. Fields hold what arguments of jobs may hold;
 * one that would come back changed is refused when the event is published.
 */
import { type Codecs, Fault } from '../codec'
import { BadReviveError, NotRevivableError } from './errors'
import type { EventClass, EventMeta } from './subscriber'

/** What a job of a deferred subscriber carries besides the names. */
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
export function dumpEvent(
  event: object,
  type: EventClass,
  { context }: EventMeta,
  codecs: Codecs,
): EventData {
  const form = formOf(event, type)
  const hasContext = Object.keys(context).length > 0
  try {
    return codecs.decode(codecs.encode({ event: form, ...(hasContext ? { context } : null) })) as EventData
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault
    const { path, problem, cause } = fault
    throw new NotRevivableError({ event: type.name, path: path.slice(1), problem }, { cause })
  }
}

/** A class with a `toJSON` or a `revive` says itself what travels, as JSON has it. */
function formOf(event: object, type: EventClass): unknown {
  const isOwn = typeof (event as { toJSON?: unknown }).toJSON === 'function' || 'revive' in type
  if (!isOwn) return { ...event }
  try {
    return JSON.parse(JSON.stringify(event))
  } catch (cause) {
    throw new NotRevivableError(
      { event: type.name, path: 'event', problem: 'cannot be written as JSON' },
      { cause },
    )
  }
}

/** The event as an instance of `type`: by its `static revive(json)` if it has one, else field by field. @throws BadReviveError */
export function reviveEvent(data: EventData, type: EventClass): object {
  const { revive } = type as Travelling
  if (revive !== undefined) {
    const event: unknown = revive.call(type, data.event)
    if (event instanceof type) return event
    throw new BadReviveError({ event: type.name, given: event })
  }
  const event: object = Object.create(type.prototype)
  for (const [name, value] of Object.entries(data.event as object)) {
    // As class fields are: assignment would call setters, and `__proto__` is one.
    Object.defineProperty(event, name, { value, writable: true, enumerable: true, configurable: true })
  }
  return event
}
