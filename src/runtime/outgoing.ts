/**
 * What goes along to other services: request id and trace with every call, baggage only to origins that were listed.
 * Everything that `rage.fetch` sends passes `send`; what may change something there asks the gate for effects.
 */
import {
  type Context,
  type ContextOptions,
  currentContext,
  type Fetch,
  formatBaggage,
  formatTraceparent,
  outgoingTrace,
  runInContext,
} from '../context'
import type { Resolved } from '../kernel'
import { FetchStoppedError } from './errors'

/** These change nothing (RFC 9110, section 9.2.1). */
const safeMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

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

  /** Rejects with FetchStoppedError where the gate of the unit of work lets nothing happen; as `fetch`, it never throws. */
  async send(input: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    const context = currentContext()
    if (context === null || context.gate === null) return this.#call(input, init)
    const method = methodOf(input, init)
    if (safeMethods.includes(method)) return this.#call(input, init)
    const address = addressOf(input)
    const body = init?.body
    return context.gate.pass<Promise<Response>>({
      kind: 'fetch',
      target: `${method} ${address}`,
      payload: { method, url: urlOf(input), body: typeof body === 'string' ? body : null },
      cannotWait: true,
      // A gate may call it outside of this context, which has the headers.
      perform: () => runInContext(context, () => this.#call(input, init)),
      held: () => Promise.reject(new FetchStoppedError({ method, address })),
    })
  }

  /** Headers of the caller's own stay as they are. */
  #call(input: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    const call = this.#fetch ?? globalThis.fetch
    const url = urlOf(input)
    const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
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

function urlOf(input: string | URL | Request): string {
  return String(typeof input === 'object' && 'url' in input ? input.url : input)
}

/** As `fetch` decides it: what is given wins, and small letters are as good as large ones. */
function methodOf(input: string | URL | Request, init: RequestInit | undefined): string {
  const own = typeof input === 'object' && 'method' in input ? input.method : 'GET'
  return String(init?.method === undefined ? own : init.method).toUpperCase()
}

/** Without credentials and query, which may hold secrets. */
function addressOf(input: string | URL | Request): string {
  const url = urlOf(input)
  if (!URL.canParse(url)) return url.split(/[?#]/, 1)[0]!
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

function pairsOf(headers: RequestInit['headers']): Pairs {
  if (headers === undefined || headers === null) return []
  if (Symbol.iterator in headers) return [...(headers as Iterable<[string, string]>)].map(([a, b]) => [a, b])
  return Object.entries(headers as Record<string, string>)
}
