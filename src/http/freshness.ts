/**
 * Whether the client's copy is still good, so that 304 will do. Source: RFC 9110, section 13.2.2:
 * If-None-Match comes before If-Modified-Since, and validators are compared weakly.
 */
import type { IncomingHttpHeaders } from 'node:http'

/** As Express asks before it sends: a reload (`Cache-Control: no-cache`) must reach the client whatever the validators say. */
export function isFresh(
  headers: IncomingHttpHeaders,
  etag: string | undefined,
  lastModified: string | undefined,
): boolean {
  if (headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined) return false
  if (/(?:^|,)\s*no-cache\s*(?:,|$)/.test(headers['cache-control'] ?? '')) return false
  return matchesValidators(headers, etag, lastModified)
}

/** @param etag, lastModified header values of the response, or `undefined`. */
export function matchesValidators(
  headers: IncomingHttpHeaders,
  etag: string | undefined,
  lastModified: string | undefined,
): boolean {
  const noneMatch = headers['if-none-match']
  if (noneMatch !== undefined) return noneMatch === '*' || (etag !== undefined && listed(noneMatch, etag))
  const modifiedSince = headers['if-modified-since']
  if (modifiedSince === undefined || lastModified === undefined) return false
  return Date.parse(lastModified) <= Date.parse(modifiedSince)
}

function listed(list: string, etag: string): boolean {
  const wanted = opaque(etag)
  return list.split(',').some((candidate) => opaque(candidate.trim()) === wanted)
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}
