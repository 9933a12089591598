/**
 * The request side of Express's API, on one prototype per application: what a handler reads costs something when it
 * is read, and a request that nobody asks costs nothing. Semantics of Express 5; those of 4 are marked.
 */
import { isIP } from 'node:net'
import { acceptsOf, type Params, type Request } from '../../src/http'
import type { StandInApp } from './app'
import { bodyTypeOf } from './content-type'
import { isFresh } from './fresh'
import { define, defineGetters, derivedFrom, type Method } from './prototype'
import { clientAddress, forwardedAddresses } from './proxy'
import { rangesOf } from './ranges'
import type { ConnectResponse } from './response'

export interface ConnectRequest extends Request {
  readonly app: StandInApp
  res: ConnectResponse
  next: (error?: unknown) => void
  params: Record<string, unknown>
  query: Record<string, unknown>
  originalUrl: string
  baseUrl: string
  body?: unknown
  /** Of HTTP/2, in place of `Host`. */
  readonly authority?: string
  /** Set by cookie-parser. */
  secret?: string
  readonly path: string
  readonly protocol: string
  readonly secure: boolean
  readonly host: string | undefined
  readonly hostname: string | undefined
  readonly fresh: boolean
  get(name: string): string | string[] | undefined
}

/** The query as it was parsed last, kept on the request. */
const parsedQuery = Symbol('query')

interface QueryOf {
  [parsedQuery]?: { readonly url: string | undefined; readonly value: unknown }
}

/** @param base prototype of the server's requests: of `node:http`, or of `node:http2`. */
export function createRequestPrototype(base: object, app: StandInApp): object {
  const { compiled: settings, major } = app
  const prototype = derivedFrom(base, app)

  define(prototype, {
    get,
    header: get,
    accepts(this: ConnectRequest, ...types: string[]) {
      return types.length === 0 ? acceptsOf(this).types() : acceptsOf(this).types(types.flat())
    },
    acceptsEncodings(this: ConnectRequest, ...encodings: string[]) {
      return encodings.length === 0
        ? acceptsOf(this).encodings()
        : acceptsOf(this).encodings(encodings.flat())
    },
    acceptsCharsets(this: ConnectRequest, ...charsets: string[]) {
      return charsets.length === 0 ? acceptsOf(this).charsets() : acceptsOf(this).charsets(charsets.flat())
    },
    acceptsLanguages(this: ConnectRequest, ...languages: string[]) {
      return languages.length === 0
        ? acceptsOf(this).languages()
        : acceptsOf(this).languages(languages.flat())
    },
    is(this: ConnectRequest, ...types: string[]) {
      return bodyTypeOf(this, types.flat())
    },
    range(this: ConnectRequest, size: number, options?: { combine?: boolean }) {
      const header = this.get('Range')
      return header ? rangesOf(header as string, size, options) : undefined
    },
  })

  defineGetters(prototype, {
    protocol(this: ConnectRequest): string {
      const own = (this.socket as { encrypted?: boolean }).encrypted ? 'https' : 'http'
      if (!settings.trust(this.socket.remoteAddress ?? '', 0)) return own
      return firstOf((this.get('X-Forwarded-Proto') as string | undefined) || own).trim()
    },
    secure(this: ConnectRequest): boolean {
      return this.protocol === 'https'
    },
    ip(this: ConnectRequest): string {
      return clientAddress(this, settings.trust)
    },
    ips(this: ConnectRequest): string[] {
      return forwardedAddresses(this, settings.trust)
    },
    subdomains(this: ConnectRequest): string[] {
      const { hostname } = this
      if (!hostname) return []
      const parts = isIP(hostname) === 0 ? hostname.split('.').reverse() : [hostname]
      return parts.slice(settings.values['subdomain offset'] as number)
    },
    path(this: ConnectRequest): string {
      return partsOf(this.url ?? '/').pathname
    },
    // Express 4 answers without the port.
    host(this: ConnectRequest): string | undefined {
      const host = hostOf(this)
      return major === 4 ? withoutPort(host) : host
    },
    hostname(this: ConnectRequest): string | undefined {
      return withoutPort(hostOf(this))
    },
    fresh(this: ConnectRequest): boolean {
      const { method, res } = this
      if (method !== 'GET' && method !== 'HEAD' && !(method === 'QUERY' && major === 5)) return false
      const { statusCode } = res
      if ((statusCode < 200 || statusCode > 299) && statusCode !== 304) return false
      const etag = res.get('ETag') as string | undefined
      return isFresh(
        this.headers,
        { etag, lastModified: res.get('Last-Modified') as string | undefined },
        major,
      )
    },
    stale(this: ConnectRequest): boolean {
      return !this.fresh
    },
    xhr(this: ConnectRequest): boolean {
      return String(this.get('X-Requested-With') ?? '').toLowerCase() === 'xmlhttprequest'
    },
  })

  // Parsed when first read. Writable in both majors: middlewares of the days of Express 4 clean it in place.
  Object.defineProperty(prototype, 'query', {
    configurable: true,
    enumerable: true,
    get(this: ConnectRequest & QueryOf): unknown {
      const known = this[parsedQuery]
      // In Express 5 a rewritten URL changes the query; 4 parses once.
      if (known !== undefined && (known.url === undefined || major === 4 || known.url === this.url))
        return known.value
      const url = this.url ?? '/'
      const { query } = partsOf(url)
      const value = settings.queryParser === null ? Object.create(null) : settings.queryParser(query)
      this[parsedQuery] = { url, value }
      return value
    },
    set(this: QueryOf, value: unknown) {
      this[parsedQuery] = { url: undefined, value }
    },
  })

  if (major === 4) {
    const old = prototype as Record<string, unknown>
    define(prototype, {
      acceptsEncoding: old.acceptsEncodings as Method,
      acceptsCharset: old.acceptsCharsets as Method,
      acceptsLanguage: old.acceptsLanguages as Method,
      param(this: ConnectRequest, name: string, standard?: unknown) {
        for (const source of [this.params, this.body, this.query] as readonly (Params | null | undefined)[]) {
          const value =
            source !== this.params || Object.hasOwn(source ?? {}, name) ? source?.[name] : undefined
          if (value !== undefined && value !== null) return value
        }
        return standard
      },
    })
  }
  return prototype

  function hostOf(req: ConnectRequest): string | undefined {
    const forwarded = req.get('X-Forwarded-Host') as string | undefined
    const host =
      forwarded && settings.trust(req.socket.remoteAddress ?? '', 0)
        ? firstOf(forwarded).trimEnd()
        : (req.get('Host') ?? req.authority)
    return (host as string | undefined) || undefined
  }
}

function get(this: Request, name: string): string | string[] | undefined {
  if (!name) throw new TypeError('name argument is required to req.get')
  if (typeof name !== 'string') throw new TypeError('name must be a string to req.get')
  const key = name.toLowerCase()
  if (key !== 'referer' && key !== 'referrer') return this.headers[key]
  return this.headers.referrer || this.headers.referer
}

/** Path and query of a request's URL, of which clients may also send the absolute form. */
function partsOf(url: string): { readonly pathname: string; readonly query: string | undefined } {
  let start = 0
  if (url.charCodeAt(0) !== 47) {
    const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(url)
    if (origin !== null) start = origin[0].length
  }
  const hashAt = url.indexOf('#', start)
  const end = hashAt === -1 ? url.length : hashAt
  const queryAt = url.indexOf('?', start)
  if (queryAt === -1 || queryAt > end) return { pathname: url.slice(start, end) || '/', query: undefined }
  return { pathname: url.slice(start, queryAt) || '/', query: url.slice(queryAt + 1, end) }
}

function withoutPort(host: string | undefined): string | undefined {
  if (host === undefined) return undefined
  const from = host[0] === '[' ? host.indexOf(']') + 1 : 0
  const colonAt = host.indexOf(':', from)
  return colonAt === -1 ? host : host.slice(0, colonAt)
}

function firstOf(list: string): string {
  const end = list.indexOf(',')
  return end === -1 ? list : list.slice(0, end)
}
