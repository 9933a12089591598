/** Where Express 4 takes more than Express 5: numbers as bodies, arguments the other way round, `'back'`, `sendfile`. */
import { STATUS_CODES } from 'node:http'
import type { CookieOptions } from './cookie'
import { define } from './prototype'
import type { ConnectResponse } from './response'
import { sendfile } from './response-files'

type Method = (this: ConnectResponse, ...args: readonly unknown[]) => ConnectResponse

/** Puts the older forms in front of the methods that are there. */
export function addOlderForms(prototype: object): void {
  const newer = prototype as Readonly<
    Record<'send' | 'json' | 'jsonp' | 'location' | 'redirect' | 'vary', Method>
  >
  const { send, json, jsonp, location, redirect, vary } = newer

  define(prototype, {
    // Not checked: whatever it is, Node has the last word.
    status(this: ConnectResponse, code: number) {
      this.statusCode = code
      return this
    },
    send(this: ConnectResponse, ...given: readonly unknown[]) {
      const [first, second] = given
      if (given.length === 2) {
        const isStatusLast = typeof first !== 'number' && typeof second === 'number'
        this.statusCode = (isStatusLast ? second : first) as number
        return send.call(this, isStatusLast ? first : second)
      }
      if (typeof first !== 'number') return send.call(this, ...given)
      if (!this.get('Content-Type')) this.type('txt')
      this.statusCode = first
      return send.call(this, STATUS_CODES[first])
    },
    sendfile,
    json: withStatus(json),
    jsonp: withStatus(jsonp),
    clearCookie(this: ConnectResponse, name: string, options: CookieOptions = {}) {
      return this.cookie(name, '', { expires: new Date(1), path: '/', ...options })
    },
    location(this: ConnectResponse, url: string) {
      return location.call(this, url === 'back' ? (this.req.get('Referrer') ?? '/') : url)
    },
    redirect(this: ConnectResponse, ...given: readonly unknown[]) {
      if (given.length === 2 && typeof given[0] !== 'number') return redirect.call(this, given[1], given[0])
      return redirect.call(this, ...given)
    },
    vary(this: ConnectResponse, field: string | readonly string[] | undefined) {
      return !field || field.length === 0 ? this : vary.call(this, field)
    },
  })
}

/** `(value, status)` and `(status, value)` as well. */
function withStatus(method: Method): Method {
  return function (this: ConnectResponse, ...given) {
    if (given.length !== 2) return method.call(this, ...given)
    const isStatusLast = typeof given[1] === 'number'
    this.statusCode = given[isStatusLast ? 1 : 0] as number
    return method.call(this, given[isStatusLast ? 0 : 1])
  }
}
