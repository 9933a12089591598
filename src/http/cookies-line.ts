/** The text of cookies in headers, both ways. The seam of the package `cookie`. */
import { parseCookie, stringifySetCookie } from 'cookie'
import { type CookieAttributes, cookieName, secureBecause } from './cookies-options'
import { CookieTooLargeError, InvalidCookieError } from './errors'

/** What every browser stores: name, value and attributes together (RFC 6265, 6.1). */
const cookieLimitBytes = 4096

/** An object without prototype: no name of a cookie is special. The first of several with one name counts. */
export function parseCookieHeader(header: string | undefined): Record<string, string | undefined> {
  return header === undefined ? Object.create(null) : parseCookie(header)
}

/**
 * One `Set-Cookie` header.
 *
 * @param isSecure whether `secure: 'auto'` is so for this request.
 * @throws InvalidCookieError, CookieTooLargeError
 */
export function setCookieLine(
  name: string,
  value: string,
  attributes: CookieAttributes,
  isSecure: boolean,
): string {
  if (typeof name !== 'string' || !cookieName.test(name))
    throw new InvalidCookieError({ name: String(name), problem: 'its name is not a token of RFC 6265' })
  const line = stringify(name, value, attributes, isSecure)
  // ASCII only, so characters are bytes.
  if (line.length > cookieLimitBytes)
    throw new CookieTooLargeError({ name, bytes: line.length, limitBytes: cookieLimitBytes })
  return line
}

function stringify(name: string, value: string, attributes: CookieAttributes, isSecure: boolean): string {
  const { maxAgeSeconds, expires, domain, path, httpOnly, sameSite, partitioned } = attributes
  const reason = secureBecause(name, attributes)
  if (reason !== null && attributes.secure === false)
    throw new InvalidCookieError({ name, problem: `${reason} demands secure, or browsers drop it` })
  if (/^__host-/i.test(name) && (domain !== null || path !== '/'))
    throw new InvalidCookieError({ name, problem: 'the prefix __Host- demands path "/" and no domain' })
  const end = maxAgeSeconds === 0 ? expires : new Date(Date.now() + maxAgeSeconds * 1000)
  try {
    return stringifySetCookie({
      name,
      value,
      path,
      httpOnly,
      sameSite,
      partitioned,
      secure: attributes.secure === 'auto' ? isSecure || reason !== null : attributes.secure,
      ...(domain === null ? {} : { domain }),
      ...(maxAgeSeconds === 0 ? {} : { maxAge: maxAgeSeconds }),
      ...(end === null ? {} : { expires: end }),
    })
  } catch (cause) {
    // Of the package: a domain or path with characters that end the attribute; half a surrogate pair as value.
    throw new InvalidCookieError({ name, problem: (cause as Error).message }, { cause })
  }
}

/** One `Set-Cookie` header as the package writes it, for Express's `res.cookie`. @throws TypeError */
export function plainCookieLine(
  name: string,
  value: string,
  options: NonNullable<Parameters<typeof stringifySetCookie>[2]>,
): string {
  return stringifySetCookie(name, value, options)
}
