/** Attributes of a cookie: what may be given, the safe defaults, and which combinations browsers drop. */
import { anyValue, defineOptions, flag, oneOf, type Resolved, resolveOptions, wholeNumber } from '../kernel'

export interface CookieOptions {
  /**
   * Lifetime in **seconds** (Express counts ms), from 0 to 34,560,000: browsers keep no cookie longer than 400 days.
   * `0` = until the browser closes. @defaultValue `0`
   */
  maxAgeSeconds?: number
  /** Last moment of its life, as a Date; `maxAgeSeconds` goes first. @defaultValue `null` */
  expires?: Date | null
  /** Paths that receive it; begins with `/`. @defaultValue `'/'` */
  path?: string
  /** Domain whose subdomains receive it too; `null` = this host alone. @defaultValue `null` */
  domain?: string | null
  /** Hidden from JavaScript in the page. @defaultValue `true` */
  httpOnly?: boolean
  /** Sent with requests from other sites: on links to us (`'lax'`), never, or always. @defaultValue `'lax'` */
  sameSite?: 'lax' | 'strict' | 'none'
  /** Only over https. `'auto'` = when this request is, or the other attributes demand it. @defaultValue `'auto'` */
  secure?: boolean | 'auto'
  /** One jar per site that embeds us (CHIPS). @defaultValue `false` */
  partitioned?: boolean
}

/** The attributes both sides of a delete have to agree on. */
export type CookieDeleteOptions = Pick<
  CookieOptions,
  'path' | 'domain' | 'secure' | 'sameSite' | 'partitioned'
>

/** RFC 6265bis, 5.5: user agents limit lifetimes to 400 days. */
export const longestAgeSeconds = 400 * 24 * 60 * 60

/** RFC 6265, 4.1.1: a token. The package `cookie` takes more than that, which not every proxy does. */
export const cookieName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

export const cookiePath = anyValue<string>(
  '/',
  'a path that begins with "/"',
  (value) => typeof value === 'string' && value.startsWith('/'),
)

export const cookieDomain = anyValue<string | null>(
  null,
  'a domain name or null',
  (value) => value === null || (typeof value === 'string' && value !== ''),
)

export const cookieOptions = defineOptions<CookieOptions>({
  maxAgeSeconds: wholeNumber({ default: 0, min: 0, max: longestAgeSeconds }),
  expires: anyValue<Date | null>(
    null,
    'a valid Date or null',
    (value) => value === null || (value instanceof Date && Number.isFinite(value.getTime())),
  ),
  path: cookiePath,
  domain: cookieDomain,
  httpOnly: flag(true),
  sameSite: oneOf(['lax', 'strict', 'none'], 'lax'),
  secure: oneOf([true, false, 'auto'], 'auto'),
  partitioned: flag(false),
})

export type CookieAttributes = Resolved<CookieOptions>

const plainAttributes = resolveOptions(cookieOptions, undefined, 'cookie')

/** @throws UnknownOptionError, InvalidOptionError */
export function cookieAttributes(given: CookieOptions | undefined): CookieAttributes {
  return given === undefined ? plainAttributes : resolveOptions(cookieOptions, given, 'cookie')
}

/** Why browsers take this cookie over https only, or `null` when they do not mind (RFC 6265bis, 4.1.3 and 5.7; CHIPS). */
export function secureBecause(name: string, attributes: CookieAttributes): string | null {
  if (attributes.sameSite === 'none') return 'sameSite "none"'
  if (attributes.partitioned) return 'partitioned'
  const prefix = /^__(?:host|secure)-/i.exec(name)
  return prefix === null ? null : `the prefix ${prefix[0]}`
}
