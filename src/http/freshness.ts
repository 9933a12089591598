/**
 * Whether the client's copy is still good, so that 304 will do. Source: RFC 9110, section 13.2.2:
 * If-None-Match comes before If-Modified-Since, and validators are compared weakly.
 */
import type { IncomingHttpHeaders } from 'node:http'

/** @param etag, lastModified header values of the response, or `undefined`. */
export function isFresh(
  headers: IncomingHttpHeaders,
  etag: string | undefined,
  lastModified: string | undefined,
): boolean {
  const noneMatch = headers['if-none-match']
  const modifiedSince = headers['if-modified-since']
  if (noneMatch === undefined && modifiedSince === undefined) return false
  // A reload must reach the origin whatever the validators say.
  if (/(?:^|,)\s*no-cache\s*(?:,|$)/.test(headers['cache-control'] ?? '')) return false
  if (noneMatch !== undefined) return noneMatch === '*' || (etag !== undefined && listed(noneMatch, etag))
  if (lastModified === undefined) return false
  return Date.parse(lastModified) <= Date.parse(modifiedSince!)
}

function listed(list: string, etag: string): boolean {
  const wanted = opaque(etag)
  return list.split(',').some((candidate) => opaque(candidate.trim()) === wanted)
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}
