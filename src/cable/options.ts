/** Options of the cable, with their defaults. */
import { anyValue, defineOptions, flag, wholeNumber } from '../kernel'

export interface CableOptions {
  /** Path of the WebSocket endpoint, below the mount point; starts with `/`. @defaultValue `'/cable'` */
  path?: string
  /**
   * Which web pages may connect. Pages of the same host always may. `'same-host'` = only those; `'all'` = any
   * page; a list adds origins: strings are compared whole (`'https://app.example.com'`), a regular expression
   * must match the whole origin. Clients that send no Origin are not browsers and are let in.
   * @defaultValue `'same-host'`
   */
  allowedOrigins?: AllowedOrigins
  /** Accept clients although no Connection class is registered. @defaultValue `false` */
  allowAnonymous?: boolean
  /** Time between pings, in ms, from 100. The official client reconnects after 6 s of silence. @defaultValue `3_000` */
  pingMs?: number
  /** Longest message a client may send, in bytes, from 1; a longer one closes its connection (1009). @defaultValue `65_536` */
  maxMessageBytes?: number
  /** Bytes that may wait for a client that does not read; with more it is cut off as `too_slow`. @defaultValue `1_048_576` */
  maxQueuedBytes?: number
  /** Subscriptions one connection may have; further ones are rejected. From 1. @defaultValue `1_000` */
  maxSubscriptions?: number
  /**
   * Longest time over which a drain spreads its disconnects, in ms, so that clients do not all come back at
   * once; `0` = all at once. Few connections take less: 5 ms each. @defaultValue `5_000`
   */
  drainSpreadMs?: number
}

export type AllowedOrigins = 'same-host' | 'all' | readonly (string | RegExp)[]

export const cableOptions = defineOptions<CableOptions>({
  path: anyValue<string>(
    '/cable',
    'a path that starts with "/"',
    (value) => typeof value === 'string' && value.startsWith('/'),
  ),
  allowedOrigins: anyValue<AllowedOrigins>(
    'same-host',
    '"same-host", "all" or a list of origins and regular expressions',
    (value) => value === 'same-host' || value === 'all' || (Array.isArray(value) && value.every(isOrigin)),
  ),
  allowAnonymous: flag(false),
  pingMs: wholeNumber({ default: 3_000, min: 100 }),
  maxMessageBytes: wholeNumber({ default: 65_536, min: 1 }),
  maxQueuedBytes: wholeNumber({ default: 1_048_576, min: 1_024 }),
  maxSubscriptions: wholeNumber({ default: 1_000, min: 1 }),
  drainSpreadMs: wholeNumber({ default: 5_000, min: 0 }),
})

function isOrigin(value: unknown): boolean {
  return (
    value instanceof RegExp ||
    (typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value)
  )
}
