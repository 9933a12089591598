/**
 * Where a unit of work stands in a trace, by W3C Trace Context (Recommendation of 23 November 2021), version 00:
 *
 *     traceparent: 00 - 4bf92f3577b34da6a3ce929d0e0e4736 - 00f067aa0ba902b7 - 01
 *               version   trace-id, 32 lower-case hex       parent-id, 16     flags; bit 0 = sampled
 *
 * Bad input is no input: nothing here throws.
 */
import { createHash } from 'node:crypto'
import type { Baggage } from './baggage'
import { hexId } from './uuid'

/** The ids of one span, as they travel between processes. */
export interface TraceParent {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string
  /** 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string
  /** Whether whoever began the trace records it. */
  readonly sampled: boolean
}

/** The trace of a unit of work. `spanId` is its own: what it calls names it as the parent. */
export interface Trace extends TraceParent {
  /** The span that caused this unit; `null` when the trace begins here. */
  readonly parentSpanId: string | null
  /** `tracestate`, handed on as it came; `null` = none. */
  readonly state: string | null
  /** `null` = none. */
  readonly baggage: Baggage | null
}

/** What a trace may be continued from: the values of three headers. */
export interface IncomingTrace {
  readonly traceparent?: unknown
  readonly tracestate?: unknown
  readonly baggage?: unknown
}

const version00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
/** Of later versions only what this one knows is read (section 4.3 of the Recommendation). */
const laterVersion = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/
const noTraceId = '0'.repeat(32)
const noSpanId = '0'.repeat(16)
const sampledFlag = 1

/** @returns `null` for anything that is not a valid `traceparent`: the trace then begins anew. */
export function parseTraceparent(header: unknown): TraceParent | null {
  if (typeof header !== 'string' || header.length < 55) return null
  const text = header.trim()
  const found = version00.exec(text)
  if (found !== null) return parentOf(found[1]!, found[2]!, found[3]!)
  const later = laterVersion.exec(text)
  if (later === null || later[1] === '00' || later[1] === 'ff') return null
  return parentOf(later[2]!, later[3]!, later[4]!)
}

function parentOf(traceId: string, spanId: string, flags: string): TraceParent | null {
  if (traceId === noTraceId || spanId === noSpanId) return null
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & sampledFlag) === sampledFlag }
}

/** The header for what is called: version 00, no flags but `sampled`. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

const stateKey = /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/
/** Printable ASCII without `,` and `=`; the last character is no space (section 3.3.1.3.2). */
const stateValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const stateMembers = 32
/** What every vendor hands on at least (section 3.3.1.5); more is cut as that section says. */
const stateLength = 512
const longMember = 128

/**
 * The `tracestate` to hand on: members as they came, in order.
 *
 * @param header several headers of the name are one, joined by commas.
 * @returns `null` when there is none, when it is malformed, or holds more than 32 members or a key twice.
 */
export function parseTracestate(header: unknown): string | null {
  const text = Array.isArray(header) ? header.join(',') : header
  if (typeof text !== 'string' || text === '') return null
  const members = text.split(',').flatMap((member) => member.replace(/^[ \t]+|[ \t]+$/g, '') || [])
  if (members.length === 0 || members.length > stateMembers) return null
  const keys = new Set<string>()
  for (const member of members) {
    const split = member.indexOf('=')
    const key = member.slice(0, split)
    if (split < 1 || keys.has(key) || !stateKey.test(key) || !stateValue.test(member.slice(split + 1)))
      return null
    keys.add(key)
  }
  return shortened(members)
}

/** Whole members go: first those of more than 128 characters, then from the end. */
function shortened(members: readonly string[]): string | null {
  const all = members.join(',')
  if (all.length <= stateLength) return all
  const kept = members.filter((member) => member.length <= longMember)
  while (kept.join(',').length > stateLength) kept.pop()
  return kept.length === 0 ? null : kept.join(',')
}

/**
 * The trace of a unit of work that was caused by `parent`, or, without one, a trace that begins here. Its id then comes
 * from the request id, so that whatever the same request caused is in the same trace although nothing travelled but
 * that; and it counts as sampled, so that what is called decides as it does without a header.
 */
export function continueTrace(
  parent: TraceParent | null,
  rest: { readonly requestId: string; readonly state: string | null; readonly baggage: Baggage | null },
): Trace {
  return {
    traceId: parent === null ? traceIdFrom(rest.requestId) : parent.traceId,
    spanId: newSpanId(),
    sampled: parent === null || parent.sampled,
    parentSpanId: parent === null ? null : parent.spanId,
    // Without a valid traceparent, tracestate is not read (section 4.3).
    state: parent === null ? null : rest.state,
    baggage: rest.baggage,
  }
}

/** Ids whose digits are random already: UUIDs of versions 4 and 7, and 32 hexadecimal digits, as nginx makes them. */
const randomId = /^(?:[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$/i

/** Always the same for the same request id: its digits if it is a random one, else a part of its SHA-256. */
export function traceIdFrom(requestId: string): string {
  if (randomId.test(requestId)) {
    const digits = requestId.replaceAll('-', '').toLowerCase()
    if (digits !== noTraceId) return digits
  }
  return createHash('sha256').update(requestId).digest('hex').slice(0, 32)
}

/** 16 random hexadecimal digits, never all zero. */
export function newSpanId(): string {
  const id = hexId(8)
  return id === noSpanId ? newSpanId() : id
}
