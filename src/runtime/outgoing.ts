/**
 * What goes along to other services: request id and trace with every call, baggage only to origins that were listed.
 * Everything that `rage.fetch` sends passes `send`.
 */
import {
  type Context,
  type ContextOptions,
  currentContext,
  type Fetch,
  formatBaggage,
  formatTraceparent,
  outgoingTrace,
} from '../context'
import type { Resolved } from '../kernel'

type Pairs = [name: string, value: string][]

export class Outgoing {
  readonly #fetch: Fetch | null
  readonly #baggageTo: ReadonlySet<string>

  constructor({ fetch, baggageTo }: Resolved<ContextOptions>) {
    this.#fetch = fetch
    this.#baggageTo = new Set(baggageTo)
  }

  /** @param url where the headers are sent; without it, no baggage. */
  headers(url?: string | URL): Record<string, string> {
    const context = currentContext()
    if (context === null) return {}
    const { state, ...parent } = outgoingTrace(context)
    const headers: Record<string, string> = {
      'x-request-id': context.requestId,
      traceparent: formatTraceparent(parent),
    }
    if (state !== null) headers.tracestate = state
    const baggage = this.#baggageFor(context, url)
    if (baggage !== '') headers.baggage = baggage
    return headers
  }

  #baggageFor(context: Context, url: string | URL | undefined): string {
    if (url === undefined || this.#baggageTo.size === 0 || context.closed || !URL.canParse(String(url)))
      return ''
    return this.#baggageTo.has(new URL(url).origin) ? formatBaggage(context.baggage) : ''
  }

  /** Headers of the caller's own stay as they are. */
  send(input: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    const call = this.#fetch ?? globalThis.fetch
    const url = input instanceof URL || typeof input === 'string' ? input : input.url
    const isHttp = URL.canParse(String(url)) && /^https?:$/.test(new URL(url).protocol)
    const added = isHttp ? Object.entries(this.headers(url)) : []
    // As it is: what fetch refuses, it refuses itself.
    if (added.length === 0) return call(input, init)
    const given =
      init?.headers ?? (typeof input === 'object' && 'headers' in input ? input.headers : undefined)
    const own = pairsOf(given)
    const names = new Set(own.map(([name]) => name.toLowerCase()))
    // Pairs: the `Headers` of another copy of undici are not taken for headers everywhere.
    const headers = [...own, ...added.filter(([name]) => !names.has(name))]
    return call(input, { ...init, headers })
  }
}

function pairsOf(headers: RequestInit['headers']): Pairs {
  if (headers === undefined || headers === null) return []
  if (Symbol.iterator in headers) return [...(headers as Iterable<[string, string]>)].map(([a, b]) => [a, b])
  return Object.entries(headers as Record<string, string>)
}
