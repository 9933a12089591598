/**
 * `req.fresh`: whether the client's copy is still good. Express 5 takes If-None-Match before If-Modified-Since
 * (RFC 9110, section 13.2.2); Express 4 wants both to hold.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Major } from './settings'

interface Validators {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

export function isFresh(
  headers: IncomingHttpHeaders,
  { etag, lastModified }: Validators,
  major: Major,
): boolean {
  const modifiedSince = headers['if-modified-since']
  const noneMatch = headers['if-none-match']
  if (!modifiedSince && !noneMatch) return false
  if (/(?:^|,)\s*?no-cache\s*?(?:,|$)/.test(headers['cache-control'] ?? '')) return false
  if (noneMatch && noneMatch !== '*') {
    const matches = etag !== undefined && listed(noneMatch, etag)
    if (major === 5 || !matches) return matches
  } else if (noneMatch && major === 5) return true
  if (!modifiedSince) return true
  return lastModified !== undefined && Date.parse(lastModified) <= Date.parse(modifiedSince)
}

function listed(list: string, etag: string): boolean {
  return list.split(',').some((entry) => {
    const candidate = entry.trim()
    return candidate === etag || candidate === `W/${etag}` || `W/${candidate}` === etag
  })
}
