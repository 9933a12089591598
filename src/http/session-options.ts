/** Options of the session in a cookie. */
import { anyValue, defineOptions, oneOf, type Resolved, wholeNumber } from '../kernel'
import { cookieDomain, cookieName, cookiePath, longestAgeSeconds } from './cookies-options'

export interface SessionOptions {
  /** Name of the cookie. Behind https, `__Host-session` keeps sibling domains from planting one. @defaultValue `'_rage_session'` */
  name?: string
  /**
   * Lifetime in seconds from the last change, at most 400 days; kept by the server too. `0` = until the browser closes, and
   * without end for whoever copies the cookie. @defaultValue `0`
   */
  maxAgeSeconds?: number
  /** Paths that receive it. @defaultValue `'/'` */
  path?: string
  /** Domain whose subdomains share it; `null` = this host alone. @defaultValue `null` */
  domain?: string | null
  /** Sent with requests from other sites: on links to us (`'lax'`), never, or always. @defaultValue `'lax'` */
  sameSite?: 'lax' | 'strict' | 'none'
  /** Only over https. `'auto'` = when the request is. @defaultValue `'auto'` */
  secure?: boolean | 'auto'
}

export const sessionOptions = defineOptions<SessionOptions>({
  name: anyValue<string>(
    '_rage_session',
    'the name of a cookie (letters, digits, - _ .)',
    (value) => typeof value === 'string' && cookieName.test(value),
  ),
  maxAgeSeconds: wholeNumber({ default: 0, min: 0, max: longestAgeSeconds }),
  path: cookiePath,
  domain: cookieDomain,
  sameSite: oneOf(['lax', 'strict', 'none'], 'lax'),
  secure: oneOf([true, false, 'auto'], 'auto'),
})

export type SessionSettings = Resolved<SessionOptions>
