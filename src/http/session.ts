/**
 * The session that lives in an encrypted cookie, for apps without one of their own. Read when first asked for;
 * written once, just before the headers go, and only when it has changed, or when a secret that is going out of use
 * sealed it. Once the headers have gone it is frozen: a change that cannot be kept throws instead of getting lost.
 */
import { type Cookies, setCookieLines } from './cookies'
import { CookieTooLargeError, SessionNotSavedError } from './errors'
import type { Response } from './messages'
import type { SessionSettings } from './session-options'

/** JSON values by name. Ours has no prototype, so that no name in it is special. */
export type Session = Record<string, unknown>

export class CookieSession {
  readonly data: Session
  readonly #cookies: Cookies
  readonly #settings: SessionSettings
  /** What the cookie holds, as JSON. */
  readonly #before: string
  readonly #isOld: boolean
  #phase: 'open' | 'failed' | 'closed'

  /**
   * @param res `null` where there is none, as in a WebSocket handshake: the session is then read only.
   * @param report told of a session that cannot be saved by a response that was answered directly: nobody is left to catch
   * it there, and thrown inside a pipe it would end the process.
   * @throws SecretsMissingError
   */
  constructor(
    cookies: Cookies,
    res: Response | null,
    settings: SessionSettings,
    report: (error: unknown) => void,
  ) {
    const opened = cookies.encrypted.open(settings.name)
    this.data = Object.assign(Object.create(null), isRecord(opened?.value) ? opened.value : null)
    this.#cookies = cookies
    this.#settings = settings
    this.#before = JSON.stringify(this.data)
    this.#isOld = opened?.isOld ?? false
    this.#phase = 'open'
    if (res === null || res.headersSent) this.#close()
    else beforeHeaders(res, () => this.#saveAtLast(report))
  }

  /** Forgets everything; the cookie goes, unless something new is kept. */
  reset(): void {
    for (const name of Object.keys(this.data)) delete this.data[name]
  }

  /**
   * Sets the cookie, if there is anything to tell the browser. Only the first call that succeeds does anything.
   *
   * @returns whether a cookie was set.
   * @throws SessionNotSavedError: too large, or without JSON form. The session stays open, so that a rescue may mend it.
   */
  save(): boolean {
    if (this.#phase === 'closed') return false
    try {
      const isWritten = this.#write()
      this.#close()
      return isWritten
    } catch (error) {
      this.#phase = 'failed'
      throw error
    }
  }

  #write(): boolean {
    const { name, maxAgeSeconds, ...attributes } = this.#settings
    const json = toJson(this.data)
    if (json === this.#before && !this.#isOld) return false
    try {
      if (json === '{}') this.#cookies.delete(name, attributes)
      else this.#cookies.encrypted.set(name, this.data, { maxAgeSeconds, ...attributes })
    } catch (cause) {
      if (!(cause instanceof CookieTooLargeError)) throw cause
      const { bytes, limitBytes } = cause.facts
      const problem = `its cookie would take ${bytes} bytes, and browsers drop those above ${limitBytes}`
      throw new SessionNotSavedError({ problem }, { cause })
    }
    return true
  }

  #saveAtLast(report: (error: unknown) => void): boolean {
    const isKnownToFail = this.#phase === 'failed'
    try {
      return this.save()
    } catch (error) {
      this.#close()
      // Thrown by save() before, and shown by whoever caught it.
      if (!isKnownToFail) report(error)
      return false
    }
  }

  #close(): void {
    this.#phase = 'closed'
    Object.freeze(this.data)
  }
}

function isRecord(value: unknown): value is Session {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function toJson(data: Session): string {
  try {
    return JSON.stringify(data)
  } catch (cause) {
    throw new SessionNotSavedError({ problem: (cause as Error).message }, { cause })
  }
}

/**
 * Calls `act` when the headers are about to go, whoever sends them: Node itself goes through `writeHead` of the object.
 * If it sets a cookie, that gets into headers handed to `writeHead` too, which would replace those set before.
 */
function beforeHeaders(res: Response, act: () => boolean): void {
  const inner = res.writeHead as (...args: unknown[]) => Response
  let isDone = false
  res.writeHead = function writeHead(this: Response, ...args: unknown[]): Response {
    if (isDone) return inner.apply(this, args)
    isDone = true
    if (!act()) return inner.apply(this, args)
    const line = setCookieLines(res).at(-1)!
    return inner.apply(
      this,
      args.map((arg) => withLine(arg, line)),
    )
  }
}

/**
 * `headers` with one more cookie, if it has any; other arguments of `writeHead` as they are. In a flat list the cookies
 * become one entry: of several with one name, Node keeps the last.
 */
function withLine(headers: unknown, line: string): unknown {
  if (Array.isArray(headers)) {
    const isOfCookie = headers.map((_, index) => isSetCookie(headers[index - (index % 2)]))
    const cookies = headers.filter((_, index) => index % 2 === 1 && isOfCookie[index])
    if (cookies.length === 0) return headers
    return [...headers.filter((_, index) => !isOfCookie[index]), 'Set-Cookie', [...cookies.flat(), line]]
  }
  if (!isRecord(headers)) return headers
  const name = Object.keys(headers).find(isSetCookie)
  return name === undefined ? headers : { ...headers, [name]: [headers[name], line].flat() }
}

function isSetCookie(name: unknown): boolean {
  return typeof name === 'string' && name.toLowerCase() === 'set-cookie'
}
