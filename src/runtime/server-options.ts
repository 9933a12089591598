/** Limits of the server that `rage.listen()` makes: none of Node's defaults is left to chance. */
import { defineOptions, wholeNumber } from '../kernel'

export interface ServerOptions {
  /** Time for a client to send a whole request, in ms; a slower one is answered 408. `0` = no limit. @defaultValue `60_000` */
  requestTimeoutMs?: number
  /** Time for a client to send the head of a request, in ms. `0` = no limit. @defaultValue `15_000` */
  headersTimeoutMs?: number
  /** Time an idle connection stays open, in ms: longer than the load balancer's, or it meets closed ones. From 1. @defaultValue `65_000` */
  keepAliveTimeoutMs?: number
  /** Largest head of a request, in bytes; a larger one is answered 431. From 1,024. @defaultValue `16_384` */
  maxHeaderBytes?: number
  /** Headers that are read of one request; the rest is dropped. From 1. @defaultValue `200` */
  maxHeaders?: number
  /** Requests over one connection, then it is closed. `0` = no limit. @defaultValue `0` */
  maxRequestsPerSocket?: number
  /** Connections open at once; more are dropped. `0` = no limit. @defaultValue `0` */
  maxConnections?: number
}

const timeout = (standard: number) => wholeNumber({ default: standard, min: 0, max: 2_147_483_647 })

export const serverOptions = defineOptions<ServerOptions>({
  requestTimeoutMs: timeout(60_000),
  headersTimeoutMs: timeout(15_000),
  keepAliveTimeoutMs: wholeNumber({ default: 65_000, min: 1, max: 2_147_483_647 }),
  maxHeaderBytes: wholeNumber({ default: 16_384, min: 1_024 }),
  maxHeaders: wholeNumber({ default: 200, min: 1 }),
  maxRequestsPerSocket: wholeNumber({ default: 0, min: 0 }),
  maxConnections: wholeNumber({ default: 0, min: 0 }),
})
