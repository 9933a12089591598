/**
 * The wire format `actioncable-v1-json`, on which every Action Cable client agrees. All messages are text.
 *
 *   server → client  {"type":"welcome"}
 *                    {"type":"ping","message":<epoch seconds>}
 *                    {"identifier":<id>,"type":"confirm_subscription"}
 *                    {"identifier":<id>,"type":"reject_subscription"}
 *                    {"identifier":<id>,"message":<any JSON>}
 *                    {"type":"disconnect","reason":<text>,"reconnect":<boolean>}
 *   client → server  {"command":"subscribe" | "unsubscribe","identifier":<id>}
 *                    {"command":"message","identifier":<id>,"data":<JSON text>}
 *
 * An id is itself JSON text, an object with the channel's name and its parameters. Clients compare it as
 * text, so it is sent back exactly as it came. `reconnect` is always sent: the official client takes its
 * absence for false and never comes back.
 */
import { UnencodableMessageError } from './errors'
import { textFrame } from './frame'

/** Subprotocols the cable speaks, best first. */
export const protocols: readonly string[] = ['actioncable-v1-json']

/** Why a server ends a connection, whether the client is to come back, and the WebSocket close code. */
export const disconnects = {
  /** `connect()` rejected the client. */
  unauthorized: { reason: 'unauthorized', reconnect: false, code: 1008 },
  /** What it sends is not the protocol: the same client would do it again. */
  invalidRequest: { reason: 'invalid_request', reconnect: false, code: 1008 },
  /** `connect()` failed: perhaps for a moment only. */
  serverError: { reason: 'server_error', reconnect: true, code: 1011 },
  serverRestart: { reason: 'server_restart', reconnect: true, code: 1012 },
  /** It does not read what it is sent. */
  tooSlow: { reason: 'too_slow', reconnect: true, code: 1013 },
} as const

export type Disconnect = (typeof disconnects)[keyof typeof disconnects]

export const welcomeFrame = textFrame('{"type":"welcome"}')

export function pingFrame(epochMs: number): Buffer {
  return textFrame(`{"type":"ping","message":${Math.floor(epochMs / 1_000)}}`)
}

export function confirmFrame(identifier: string): Buffer {
  return textFrame(`{"identifier":${JSON.stringify(identifier)},"type":"confirm_subscription"}`)
}

export function rejectFrame(identifier: string): Buffer {
  return textFrame(`{"identifier":${JSON.stringify(identifier)},"type":"reject_subscription"}`)
}

export function disconnectFrame({ reason, reconnect }: Disconnect): Buffer {
  return textFrame(`{"type":"disconnect","reason":"${reason}","reconnect":${reconnect}}`)
}

/** @param json the message, already JSON text: it is encoded once for however many identifiers. */
export function messageFrame(identifier: string, json: string): Buffer {
  return textFrame(`{"identifier":${JSON.stringify(identifier)},"message":${json}}`)
}

/**
 * @param target whom it is for, for the message of the error.
 * @throws UnencodableMessageError
 */
export function encodeMessage(message: unknown, target: string): string {
  let json: string | undefined
  try {
    json = JSON.stringify(message)
  } catch (cause) {
    throw new UnencodableMessageError({ target }, { cause })
  }
  if (json === undefined) throw new UnencodableMessageError({ target })
  return json
}

/** The JSON object a client sent, or `null` when it is anything else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  const value = parseJson(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

/** Any JSON value, or `undefined` when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
