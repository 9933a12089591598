/**
 * Writes a finished body as Express's `res.send` would: type, length, ETag, 304 for a fresh copy, no body for
 * HEAD. Always through the response's current `setHeader` and `end`, which compression, session and logging
 * middlewares replace.
 */
import { isFresh } from './freshness'
import type { Request, Response, ResponseSettings } from './messages'

/** What an action rendered: complete, not yet written. */
export interface Rendered {
  readonly status: number
  /** `null` keeps the type that was set on the response, if any. */
  readonly contentType: string | null
  /** `null` = no body. */
  readonly body: string | Buffer | Outgoing | null
}

/** A body that is not in memory: a stream, a file, later a feed of events. Writes itself. */
export interface Outgoing {
  /** Status and type are set on `res`. Resolves when the last byte is handed over or the client is gone; rejects with what went wrong, and when the head was out by then, the connection is destroyed. */
  write(req: Request, res: Response): Promise<void>
  /** Lets go of the source: something else is answered. */
  discard(): void
}

/** @returns a promise for a body that writes itself. */
export function send(
  req: Request,
  res: Response,
  rendered: Rendered,
  settings: ResponseSettings,
): void | Promise<void> {
  const { body, contentType } = rendered
  res.statusCode = rendered.status
  if (body === null) return sendEmpty(res)
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return sendOutgoing(req, res, body, contentType)
  if (contentType !== null) res.setHeader('Content-Type', contentType)
  res.setHeader('Content-Length', typeof body === 'string' ? Buffer.byteLength(body) : body.length)
  if (settings.etag !== null && !res.hasHeader('ETag')) {
    const etag = settings.etag(body, 'utf8')
    if (etag !== undefined) res.setHeader('ETag', etag)
  }
  const { headers } = req
  if (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined) {
    const isUnchanged = isFresh(headers, textHeader(res, 'ETag'), textHeader(res, 'Last-Modified'))
    if (isUnchanged && isCacheable(req, rendered.status)) res.statusCode = 304
  }
  if (isBodiless(res.statusCode)) return sendEmpty(res)
  if (req.method === 'HEAD') res.end()
  else res.end(body, 'utf8')
}

async function sendOutgoing(
  req: Request,
  res: Response,
  body: Outgoing,
  contentType: string | null,
): Promise<void> {
  if (isBodiless(res.statusCode)) {
    body.discard()
    return sendEmpty(res)
  }
  const before = res.getHeader('Content-Type')
  if (contentType !== null) res.setHeader('Content-Type', contentType)
  try {
    await body.write(req, res)
  } catch (error) {
    // Something else is answered instead, by whoever handles the error, and most do not replace a type they find.
    if (!res.headersSent && contentType !== null) {
      if (before === undefined) res.removeHeader('Content-Type')
      else res.setHeader('Content-Type', before)
    }
    throw error
  }
}

/** A status without content carries no headers that describe content. */
function sendEmpty(res: Response): void {
  const { statusCode } = res
  if (statusCode === 204 || statusCode === 304) {
    res.removeHeader('Content-Type')
    res.removeHeader('Content-Length')
    res.removeHeader('Transfer-Encoding')
  } else {
    res.setHeader('Content-Length', '0')
  }
  res.end()
}

function isBodiless(status: number): boolean {
  return status === 304 || status === 204 || status === 205
}

function isCacheable(req: Request, status: number): boolean {
  return (
    (req.method === 'GET' || req.method === 'HEAD') && ((status >= 200 && status < 300) || status === 304)
  )
}

function textHeader(res: Response, name: string): string | undefined {
  const value = res.getHeader(name)
  return typeof value === 'string' ? value : undefined
}
