/**
 * The cookies of one request: those that came, and those set for the response, which are read back at once. Each
 * `set` changes the `Set-Cookie` headers there and then, so that it does not matter who sends the response.
 */
import { parseCookieHeader, setCookieLine } from './cookies-line'
import {
  type CookieAttributes,
  type CookieDeleteOptions,
  type CookieOptions,
  cookieAttributes,
} from './cookies-options'
import { CookieTooLateError, InvalidCookieError, SecretsMissingError } from './errors'
import type { Request, Response } from './messages'
import type { Seal, Secrets } from './secrets'

const gone = new Date(0)

export class Cookies {
  readonly #req: Request
  readonly #res: Response | null
  readonly #secrets: Secrets | null
  readonly #values: Record<string, string | undefined>
  /** Our own `Set-Cookie` lines by what identifies a cookie to a browser. */
  #lines: Map<string, string> | null
  #signed: SealedCookies | null
  #encrypted: SealedCookies | null

  /** @param res `null` where there is none, as in a WebSocket handshake: cookies are then read only. */
  constructor(req: Request, res: Response | null, secrets: Secrets | null) {
    this.#req = req
    this.#res = res
    this.#secrets = secrets
    this.#values = parseCookieHeader(req.headers.cookie)
    this.#lines = null
    this.#signed = null
    this.#encrypted = null
  }

  /** The value as the client sent it, or as it was set in this request; `undefined` without one. */
  get(name: string): string | undefined {
    return this.#values[name]
  }

  /**
   * Sets a cookie of text: `Path=/; HttpOnly; SameSite=Lax`, and `Secure` over https, unless told otherwise. Takes the
   * place of one set before with the same name, path and domain through here; others' headers stay.
   *
   * @throws UnknownOptionError, InvalidOptionError, InvalidCookieError, CookieTooLargeError (above 4096 bytes with name and
   * attributes), CookieTooLateError (headers have gone).
   */
  set(name: string, value: string, options?: CookieOptions): void {
    if (typeof value !== 'string')
      throw new InvalidCookieError({
        name: String(name),
        problem: `its value is of type ${typeof value}, not text`,
      })
    this.#write(name, value, cookieAttributes(options))
    this.#values[name] = value
  }

  /** Makes the browser forget a cookie; path and domain must be those it was set with. @throws as `set` does. */
  delete(name: string, options?: CookieDeleteOptions): void {
    this.#write(name, '', { ...cookieAttributes(options), maxAgeSeconds: 0, expires: gone })
    this.#values[name] = undefined
  }

  /** Readable by the client, changeable by nobody else. @throws SecretsMissingError */
  get signed(): SealedCookies {
    this.#signed ??= new SealedCookies(this, this.#demandSecrets('signed cookies').signed)
    return this.#signed
  }

  /** Neither readable nor changeable by anybody else. @throws SecretsMissingError */
  get encrypted(): SealedCookies {
    this.#encrypted ??= new SealedCookies(this, this.#demandSecrets('encrypted cookies').encrypted)
    return this.#encrypted
  }

  #demandSecrets(use: string): Secrets {
    if (this.#secrets === null) throw new SecretsMissingError({ use })
    return this.#secrets
  }

  #write(name: string, value: string, attributes: CookieAttributes): void {
    const res = this.#res
    if (res === null || res.headersSent) throw new CookieTooLateError({ name: String(name) })
    const line = setCookieLine(name, value, attributes, isSecure(this.#req))
    this.#lines ??= new Map()
    const identity = `${name};${attributes.path};${attributes.domain?.toLowerCase() ?? ''}`
    res.setHeader('Set-Cookie', replaced(setCookieLines(res), this.#lines.get(identity), line))
    this.#lines.set(identity, line)
  }
}

/** Cookies with any JSON value, under a seal. What somebody tampered with, what has expired and what is not ours is `undefined`. */
export class SealedCookies {
  readonly #cookies: Cookies
  readonly #seal: Seal

  constructor(cookies: Cookies, seal: Seal) {
    this.#cookies = cookies
    this.#seal = seal
  }

  /** The value that was set, as JSON keeps it; `__proto__` keys are dropped. Never throws. */
  get(name: string): unknown {
    return this.open(name)?.value
  }

  /**
   * Sets any value with a JSON form. With `maxAgeSeconds` or `expires`, the end of its life is sealed in: a browser that
   * keeps it longer gains nothing.
   *
   * @throws as `Cookies.set` does.
   */
  set(name: string, value: unknown, options?: CookieOptions): void {
    const { maxAgeSeconds, expires } = cookieAttributes(options)
    const end = maxAgeSeconds === 0 ? (expires?.getTime() ?? null) : Date.now() + maxAgeSeconds * 1000
    this.#cookies.set(name, this.#seal.close(name, toPayload(name, value, end)), options)
  }

  /** @internal The value, and whether an older secret than the newest sealed it. */
  open(name: string): { readonly value: unknown; readonly isOld: boolean } | null {
    const text = this.#cookies.get(name)
    const opened = text === undefined ? null : this.#seal.open(name, text)
    if (opened === null) return null
    // The seal vouches that toPayload() wrote this.
    const [value, end = Number.POSITIVE_INFINITY] = fromPayload(opened.payload) as [unknown, number?]
    return end > Date.now() ? { value, isOld: opened.isOld } : null
  }
}

/** `[value]`, or `[value, end]` with the end of its life in epoch milliseconds. */
function toPayload(name: string, value: unknown, end: number | null): string {
  let json: string | undefined
  let cause: unknown
  try {
    json = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (json === undefined)
    throw new InvalidCookieError({ name: String(name), problem: 'its value has no JSON form' }, { cause })
  return end === null ? `[${json}]` : `[${json},${end}]`
}

/** An own `__proto__` key would be poison for the first merge that meets it. */
function fromPayload(payload: string): unknown {
  if (!payload.includes('__proto__')) return JSON.parse(payload)
  return JSON.parse(payload, (key, value) => (key === '__proto__' ? undefined : value))
}

/** As the host sees it (Express heeds `trust proxy`), else whether the socket itself is encrypted. */
function isSecure(req: Request): boolean {
  if (typeof req.secure === 'boolean') return req.secure
  return (req.socket as { encrypted?: boolean } | undefined)?.encrypted === true
}

/** The cookies set so far, by whomever. */
export function setCookieLines(res: Response): readonly string[] {
  const header = res.getHeader('Set-Cookie')
  if (header === undefined) return []
  return Array.isArray(header) ? header : [String(header)]
}

/** A browser obeys the last line about a cookie, so the new one goes to the end. */
function replaced(lines: readonly string[], own: string | undefined, line: string): string[] {
  const index = own === undefined ? -1 : lines.indexOf(own)
  return index === -1 ? [...lines, line] : [...lines.slice(0, index), ...lines.slice(index + 1), line]
}
