/** Conditional GET and caching as in Rails and Rage: validators weakly compared, If-None-Match first. */
import { matchesValidators, weakBodyEtag } from '../http'
import { InvalidOptionError } from '../kernel'
import type { Exchange } from './exchange'

export interface FreshnessOptions {
  /** Whatever tells one version from another: text or anything with a JSON form. Sent as a weak, hashed tag. */
  readonly etag?: unknown
  readonly lastModified?: Date | null
  /** Shared caches may keep the response. @defaultValue `false` */
  readonly public?: boolean
  /** Version of the view; part of the tag, so that a new view makes old copies stale. */
  readonly template?: string
}

export interface ExpiryOptions {
  /** Shared caches may keep it. @defaultValue `false` */
  readonly public?: boolean
  /** Never use it once stale. @defaultValue `false` */
  readonly mustRevalidate?: boolean
  /** Seconds in which a stale copy may be used while a new one is fetched. Default: none. */
  readonly staleWhileRevalidate?: number
  /** Seconds in which a stale copy may be used when there is no new one. Default: none. */
  readonly staleIfError?: number
}

/** Sets the validators on the response and says whether the client's copy is still good. @throws InvalidOptionError */
export function isUnchanged({ req, res }: Exchange, options: FreshnessOptions): boolean {
  const { etag, lastModified, template } = options
  // Validators are the business of reads; a write must not be skipped.
  if (req.method !== 'GET' && req.method !== 'HEAD') return false
  const tag = etag === undefined || etag === null ? undefined : weakBodyEtag(textOf(etag, template))
  const date = lastModified ? httpDate(lastModified) : undefined
  if (tag !== undefined) res.setHeader('ETag', tag)
  if (date !== undefined) res.setHeader('Last-Modified', date)
  if (!res.hasHeader('Cache-Control'))
    res.setHeader('Cache-Control', options.public ? 'public' : 'max-age=0, private, must-revalidate')
  return matchesValidators(req.headers, tag, date)
}

/** The value of Cache-Control. @throws InvalidOptionError */
export function cacheControl(seconds: number, options: ExpiryOptions): string {
  const parts = [`max-age=${wholeSeconds('seconds', seconds)}`, options.public ? 'public' : 'private']
  if (options.mustRevalidate) parts.push('must-revalidate')
  if (options.staleWhileRevalidate !== undefined)
    parts.push(`stale-while-revalidate=${wholeSeconds('staleWhileRevalidate', options.staleWhileRevalidate)}`)
  if (options.staleIfError !== undefined)
    parts.push(`stale-if-error=${wholeSeconds('staleIfError', options.staleIfError)}`)
  return parts.join(', ')
}

function textOf(etag: unknown, template: string | undefined): string {
  const text = typeof etag === 'string' ? etag : JSON.stringify(etag)
  return template === undefined ? text : JSON.stringify([text, template])
}

function httpDate(date: Date): string {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.toUTCString()
  throw new InvalidOptionError({ option: 'stale.lastModified', expected: 'a valid Date', given: date })
}

function wholeSeconds(name: string, seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return Math.floor(seconds)
  throw new InvalidOptionError({ option: `expiresIn.${name}`, expected: 'seconds from 0', given: seconds })
}
