/**
 * A context written down as JSON, to travel into a job, and read back where the job performs. It is at most 16 KiB long, as
 * it is written with every job: values that do not fit stay behind, with a warning.
 */
import type { Scope } from '../kernel'
import { CarrierRoom } from './carrier-room'
import { Context, type ContextKind } from './context'
import { type CurrentAttributes, type DumpedAttributes, dumpAttributes, loadAttributes } from './current'
import { knownTrace } from './outgoing-trace'
import { isOwnRequestId } from './request-id'
import { formatTraceparent } from './trace'

/** Version 1. Keys are short because one is stored with every job. */
export interface Carrier {
  readonly id: string
  /** Of the unit that caused the work: what loads this becomes its child. */
  readonly traceparent?: string
  readonly tracestate?: string
  readonly baggage?: string
  readonly tags?: readonly string[]
  readonly attributes?: DumpedAttributes
}

/**
 * What of `context` travels. From a unit that has ended, its values of `Current` do not. What the application set itself has
 * its place before baggage, which may come from outside.
 */
export function dumpCarrier(context: Context): Carrier {
  const room = new CarrierRoom()
  const attributes = dumpAttributes(context, room)
  const tags = context.tags.length === 0 ? context.tags : room.tags(context.tags)
  const trace = knownTrace(context)
  const baggage = room.baggage(context.baggage)
  return {
    id: context.requestId,
    ...(trace === null ? null : { traceparent: formatTraceparent(trace) }),
    ...(trace === null || trace.state === null ? null : { tracestate: trace.state }),
    ...(baggage === '' ? null : { baggage }),
    ...(tags.length === 0 ? null : { tags }),
    ...(attributes === null ? null : { attributes }),
  }
}

/** JSON text. Most units of work carry an id only, which needs no escapes: see `requestIdFrom`. */
export function encodeCarrier(carrier: Carrier): string {
  const { id, traceparent, tracestate, baggage, tags, attributes } = carrier
  const isPlain =
    traceparent === undefined &&
    tracestate === undefined &&
    baggage === undefined &&
    tags === undefined &&
    attributes === undefined
  return isPlain && (isOwnRequestId(id) || plainId.test(id)) ? `{"id":"${id}"}` : JSON.stringify(carrier)
}

const plainId = /^[\w\-@]*$/

/** A new context of `kind` from what travelled; loads attributes, so it may wait for the user's loaders. */
export async function loadCarrier(
  carrier: Carrier,
  unit: {
    readonly kind: ContextKind
    readonly scope: Scope
    readonly currentClasses: readonly (abstract new () => CurrentAttributes<object>)[]
  },
): Promise<Context> {
  const context = new Context({
    kind: unit.kind,
    scope: unit.scope,
    requestId: carrier.id,
    incoming: carrier,
    tags: carrier.tags ?? [],
  })
  if (carrier.attributes !== undefined) await loadAttributes(context, carrier.attributes, unit.currentClasses)
  return context
}
