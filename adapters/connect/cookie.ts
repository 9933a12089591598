/** `Set-Cookie` as Express's `res.cookie` writes it: `maxAge` in ms, objects as `j:`, signed ones as `s:`. */
import { createHmac } from 'node:crypto'
import { plainCookieLine } from '../../src/http'

export interface CookieOptions {
  /** Time the browser keeps it, in ms; also sets `expires`. */
  readonly maxAge?: number
  readonly expires?: Date
  readonly signed?: boolean
  /** Default `/`. */
  readonly path?: string
  readonly domain?: string
  readonly httpOnly?: boolean
  readonly secure?: boolean
  readonly sameSite?: boolean | 'lax' | 'strict' | 'none'
  readonly partitioned?: boolean
  readonly priority?: 'low' | 'medium' | 'high'
  readonly encode?: (value: string) => string
}

/** @param secret of cookie-parser, for signed cookies. @throws Error where there is none, TypeError for bad names and attributes */
export function cookieLine(
  name: string,
  value: unknown,
  { signed = false, maxAge, ...options }: CookieOptions,
  secret: string | undefined,
): string {
  if (signed && !secret) throw new Error('cookieParser("secret") required for signed cookies')
  const plain = typeof value === 'object' ? `j:${JSON.stringify(value)}` : String(value)
  const text = signed ? `s:${sign(plain, secret!)}` : plain
  const attributes: Record<string, unknown> = { ...options, path: options.path ?? '/' }
  if (maxAge !== undefined && maxAge !== null) {
    const ms = Number(maxAge)
    if (!Number.isNaN(ms)) attributes.expires = new Date(Date.now() + ms)
    // What is no number is refused below.
    attributes.maxAge = Math.floor(ms / 1000)
  }
  return plainCookieLine(name, text, attributes)
}

/** As cookie-signature does, whose signatures cookie-parser checks. */
function sign(text: string, secret: string): string {
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64').replace(/=+$/, '')}`
}
