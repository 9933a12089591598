/**
 * The response side of Express's API, on one prototype per application. Everything is written through the response's
 * current `setHeader`, `writeHead`, `write` and `end`, which compression, sessions and loggers replace. Semantics
 * of Express 5; those of 4 are in response-4.ts.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import { basename, extname } from 'node:path'
import { attachmentHeader, type Response, varyOn } from '../../src/http'
import type { StandInApp } from './app'
import { contentTypeOf, mediaTypeOf, usualCharset, withCharset, withUsualCharset } from './content-type'
import { type CookieOptions, cookieLine } from './cookie'
import { NotAcceptableError } from './errors'
import { encodeLocation } from './location'
import { define, derivedFrom } from './prototype'
import { redirect } from './redirect'
import type { ConnectRequest } from './request'
import { download, sendFile } from './response-files'

export interface ConnectResponse extends Omit<ServerResponse, 'req'> {
  readonly app: StandInApp
  req: ConnectRequest
  locals: Record<string, unknown>
  get(name: string): number | string | string[] | undefined
  set(name: string | object, value?: unknown): this
  status(code: number): this
  type(word: string): this
  send(body?: unknown): this
  json(value?: unknown): this
  append(name: string, value: string | readonly string[]): this
  cookie(name: string, value: unknown, options?: CookieOptions): this
  location(url: string): this
  vary(field: string): this
  format(forms: Readonly<Record<string, Form>>): this
  sendFile(path: string, ...rest: readonly unknown[]): void
}

type Form = (req: ConnectRequest, res: ConnectResponse, next: ConnectRequest['next']) => unknown

/** @param base prototype of the server's responses: of `node:http`, or of `node:http2`. */
export function createResponsePrototype(base: object, app: StandInApp): object {
  const { compiled: settings, major } = app
  const prototype = derivedFrom(base, app)

  define(prototype, {
    status,
    get,
    set,
    header: set,
    type,
    contentType: type,
    append,
    links,
    vary,
    attachment,
    download,
    sendFile,
    location,
    redirect,
    format,
    render,

    send(this: ConnectResponse, body?: unknown): ConnectResponse {
      if (typeof body === 'string') {
        const given = this.get('Content-Type')
        if (typeof given === 'string') this.set('Content-Type', withCharset(given, 'utf-8', major))
        else this.type('html')
        return write(this, body)
      }
      if (body === undefined) return write(this, undefined)
      if (body === null) return write(this, '')
      if (Buffer.isBuffer(body) || (ArrayBuffer.isView(body) && major === 5)) {
        if (!this.get('Content-Type')) this.type('bin')
        return write(this, body as Buffer)
      }
      return this.json(body)
    },

    json(this: ConnectResponse, value?: unknown): ConnectResponse {
      const text = settings.stringify(value)
      if (!this.get('Content-Type')) this.set('Content-Type', 'application/json')
      return this.send(text)
    },

    jsonp(this: ConnectResponse, value?: unknown): ConnectResponse {
      let text = settings.stringify(value)
      if (!this.get('Content-Type')) {
        this.set('X-Content-Type-Options', 'nosniff')
        this.set('Content-Type', 'application/json')
      }
      const name = settings.values['jsonp callback name'] as string
      const given = this.req.query[name]
      const callback = Array.isArray(given) ? given[0] : given
      if (typeof callback === 'string' && callback !== '') {
        this.set('X-Content-Type-Options', 'nosniff')
        this.set('Content-Type', 'text/javascript')
        const called = callback.replace(/[^[\]\w$.]/g, '')
        // JSON allows these two where old JavaScript does not.
        text = (text ?? '').replace(/\u2028/g, '\\u2028').replace(/\u2029/g, '\\u2029')
        // The comment keeps the answer from being read as Flash ("Rosetta Flash").
        text = `/**/ typeof ${called} === 'function' && ${called}(${text});`
      }
      return this.send(text)
    },

    sendStatus(this: ConnectResponse, code: number): ConnectResponse {
      const text = STATUS_CODES[code] ?? String(code)
      this.status(code)
      this.type('txt')
      return this.send(text)
    },

    cookie(
      this: ConnectResponse,
      name: string,
      value: unknown,
      options: CookieOptions = {},
    ): ConnectResponse {
      this.append('Set-Cookie', cookieLine(name, value, options, this.req.secret))
      return this
    },

    clearCookie(this: ConnectResponse, name: string, options: CookieOptions = {}): ConnectResponse {
      const { maxAge: _, ...others } = options
      return this.cookie(name, '', { path: '/', ...others, expires: new Date(1) })
    },
  })
  return prototype

  function write(res: ConnectResponse, given: string | Buffer | undefined): ConnectResponse {
    let body: string | Buffer | undefined = given
    const { req } = res
    if (body !== undefined) {
      const length = typeof body === 'string' ? Buffer.byteLength(body) : (body as Uint8Array).byteLength
      if (major === 4 || !res.get('Transfer-Encoding')) res.set('Content-Length', length)
      if (settings.etag !== null && !res.get('ETag')) {
        const etag = settings.etag(asHashable(body), 'utf8')
        if (etag) res.set('ETag', etag)
      }
    }
    if (req.fresh) res.statusCode = 304
    const { statusCode } = res
    if (statusCode === 204 || statusCode === 304) {
      res.removeHeader('Content-Type')
      res.removeHeader('Content-Length')
      res.removeHeader('Transfer-Encoding')
      body = ''
    } else if (statusCode === 205) {
      res.set('Content-Length', '0')
      res.removeHeader('Transfer-Encoding')
      body = ''
    }
    if (req.method === 'HEAD') res.end()
    else if (typeof body === 'string') res.end(body, 'utf8')
    else res.end(body)
    return res
  }

  function set(this: ConnectResponse, name: string | object, value?: unknown): ConnectResponse {
    // One argument is an object of headers, also where its value would be undefined.
    if (typeof name === 'object') {
      for (const [key, each] of Object.entries(name)) this.set(key, each)
      return this
    }
    const text = Array.isArray(value) ? value.map(String) : String(value)
    if (name.toLowerCase() !== 'content-type') this.setHeader(name, text)
    else if (Array.isArray(text)) throw new TypeError('Content-Type cannot be set to an Array')
    else this.setHeader(name, typeWithCharset(text))
    return this
  }

  function typeWithCharset(type: string): string {
    // As Express 5, which says `false` of what is no type at all; we keep what was given.
    if (major === 5) return withUsualCharset(type) ?? type
    if (/;\s*charset\s*=/.test(type)) return type
    const charset = usualCharset(type.split(';', 1)[0]!)
    return charset === null ? type : `${type}; charset=${charset.toLowerCase()}`
  }
}

/** Hashes want a Buffer; other views share its bytes. */
function asHashable(body: string | Buffer): string | Buffer {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return body
  const view = body as Uint8Array
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength)
}

function status(this: ConnectResponse, code: number): ConnectResponse {
  const shown = JSON.stringify(code)
  if (!Number.isInteger(code))
    throw new TypeError(`Invalid status code: ${shown}. Status code must be an integer.`)
  if (code < 100 || code > 999)
    throw new RangeError(
      `Invalid status code: ${shown}. Status code must be greater than 99 and less than 1000.`,
    )
  this.statusCode = code
  return this
}

function get(this: ConnectResponse, name: string): number | string | string[] | undefined {
  return this.getHeader(name)
}

function type(this: ConnectResponse, word: string): ConnectResponse {
  return this.set('Content-Type', word.includes('/') ? word : contentTypeOf(word, this.app.major))
}

function append(this: ConnectResponse, name: string, value: string | readonly string[]): ConnectResponse {
  const before = this.get(name)
  return this.set(name, before ? [before, value].flat() : value)
}

function links(
  this: ConnectResponse,
  links: Readonly<Record<string, string | readonly string[]>>,
): ConnectResponse {
  const before = this.get('Link')
  const added = Object.entries(links).flatMap(([rel, urls]) =>
    [urls].flat().map((url) => `<${url}>; rel="${rel}"`),
  )
  return this.set('Link', (before ? [before, ...added] : added).join(', '))
}

function vary(this: ConnectResponse, field: string | string[]): ConnectResponse {
  varyOn(this as unknown as Response, field as string)
  return this
}

function attachment(this: ConnectResponse, filename?: string): ConnectResponse {
  const name = filename === undefined ? undefined : basename(filename)
  if (name) this.type(extname(name))
  return this.set('Content-Disposition', attachmentHeader(name))
}

function location(this: ConnectResponse, url: string): ConnectResponse {
  return this.set('Location', encodeLocation(url))
}

function format(this: ConnectResponse, forms: Readonly<Record<string, Form>>): ConnectResponse {
  const { req, app } = this
  const { next } = req
  const words = Object.keys(forms).filter((word) => word !== 'default')
  const accepts = (req as unknown as { accepts(types: string[]): string | false }).accepts
  const chosen = words.length > 0 ? accepts.call(req, words) : false
  this.vary('Accept')
  if (chosen) {
    this.set('Content-Type', mediaTypeOf(chosen, app.major))
    forms[chosen]!(req, this, next)
  } else if (forms.default) forms.default(req, this, next)
  else next(new NotAcceptableError({ types: words.map((word) => mediaTypeOf(word, app.major)) }))
  return this
}

type Rendered = (error: unknown, text?: string) => void

function render(this: ConnectResponse, view: string, options?: object | Rendered, callback?: Rendered): void {
  const isCallback = typeof options === 'function'
  const locals: object = isCallback ? {} : (options ?? {})
  const done = isCallback ? (options as Rendered) : callback
  this.app.render(
    view,
    Object.assign(locals, { _locals: this.locals }),
    done ??
      ((error, text) => {
        if (error) this.req.next(error)
        else this.send(text)
      }),
  )
}
