/**
 * Where `redirectTo` sends clients. An address that came with the request could lead them to a stranger who looks
 * like us, so another host has to be allowed by name, as in Rails since 7.0. What is checked is what is sent, read
 * as browsers read it: `//host` and `/\host` are other hosts, and so is everything that is no http address.
 */
import type { Request } from '../http'
import { InvalidRedirectError, UnsafeRedirectError } from './errors'

export interface LocationRules {
  /** `Class#action`, for the message. */
  readonly where: string
  readonly allowOtherHost: boolean
}

/** The value of `Location`. @throws InvalidRedirectError, UnsafeRedirectError */
export function locationFor(
  url: string | URL,
  req: Request,
  { where, allowOtherHost }: LocationRules,
): string {
  const location = encoded(url)
  // A path has the host of the request, whatever that is; the name of this one can belong to nobody (RFC 6761).
  if (location === null || !URL.canParse(location, 'http://path.invalid'))
    throw new InvalidRedirectError({ where, given: url })
  if (!allowOtherHost && !isOwnHost(location, req)) throw new UnsafeRedirectError({ where, location })
  return location
}

/** As a header takes it: escaped, except what is escaped already. `null` = no address at all. */
function encoded(url: unknown): string | null {
  const text = url instanceof URL ? url.href : url
  if (typeof text !== 'string' || text === '') return null
  // encodeURI refuses half a surrogate pair, and knows no IPv6 address.
  return encodeURI(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replace(/%25([0-9a-f]{2})/gi, '%$1')
    .replace(/^(https?:\/\/)%5B([\da-f:.]+)%5D/i, '$1[$2]')
}

function isOwnHost(location: string, req: Request): boolean {
  // With a scheme it is no path, even where the slashes are missing: "http:host" is that host on a page of https.
  if (!/^[a-z][a-z\d+.-]*:/i.test(location))
    return new URL(location, 'http://path.invalid').hostname === 'path.invalid'
  const { protocol, hostname } = new URL(location)
  return (protocol === 'http:' || protocol === 'https:') && hostname === ownHostname(req)
}

/** Express's `hostname` where there is one: it knows which proxies to believe. Compared without port, as in Rails. */
function ownHostname(req: Request): string | null {
  // HTTP/2 has an authority in place of the header.
  const host = [req.hostname, req.headers.host, req.authority].find((known) => typeof known === 'string')
  const address = `http://${host}`
  return host !== undefined && URL.canParse(address) ? new URL(address).hostname : null
}
