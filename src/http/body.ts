/**
 * The body of a request: the one an earlier middleware parsed, or read and parsed here. A body nobody needs
 * (other content types) is left on the stream for the action.
 */
import {
  AbortedBodyError,
  BodyTakenError,
  BodyTooLargeError,
  MalformedBodyError,
  UnsupportedBodyError,
} from './errors'
import { parseForm } from './form'
import type { Request } from './messages'

export interface BodyLimits {
  readonly bodyLimitBytes: number
}

type BodyKind = 'json' | 'form'

/** Whether `readBody` has anything to do; the answer for most requests is no, and costs two header look-ups. */
export function hasUnreadBody(req: Request): boolean {
  const { headers } = req
  if (headers['transfer-encoding'] === undefined) {
    const length = headers['content-length']
    if (length === undefined || length === '0') return false
  }
  // body-parser 1 leaves `{}` on bodies it did not parse, so truthiness says nothing; its mark does.
  if (req._body === true || req.readableEnded) return false
  if (kindOf(headers['content-type']) === null) return false
  return req.body === undefined || !req.readableDidRead
}

/**
 * Reads and parses JSON and urlencoded bodies.
 *
 * @throws MalformedBodyError, BodyTooLargeError, UnsupportedBodyError, AbortedBodyError, BodyTakenError
 */
export async function readBody(req: Request, limits: BodyLimits): Promise<unknown> {
  if (req.readableDidRead || req.listenerCount('data') > 0) throw new BodyTakenError({ url: req.url ?? '/' })
  const type = req.headers['content-type']
  const kind = kindOf(type)
  refuseEncodings(req, type)
  const bytes = await collect(req, limits.bodyLimitBytes)
  const source = bytes.toString('utf8')
  return kind === 'json' ? parseJson(source) : parseForm(source)
}

/** `application/json`, `application/*+json` and forms are parsed; everything else belongs to the action. */
function kindOf(contentType: string | undefined): BodyKind | null {
  if (contentType === undefined) return null
  const end = contentType.indexOf(';')
  const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  if (type === 'application/json' || type.endsWith('+json')) return 'json'
  return type === 'application/x-www-form-urlencoded' ? 'form' : null
}

function refuseEncodings(req: Request, contentType: string | undefined): void {
  const encoding = req.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new UnsupportedBodyError({ what: 'content encoding', given: encoding })
  }
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1]
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw new UnsupportedBodyError({ what: 'charset', given: charset })
  }
}

function collect(req: Request, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0

    const leave = (): void => {
      req.off('data', onData).off('end', onEnd).off('error', onAbort).off('close', onAbort)
    }
    const fail = (error: Error): void => {
      leave()
      // The rest is read and thrown away: a client that is still sending would otherwise never see the answer.
      req.resume()
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limitBytes) fail(new BodyTooLargeError({ limitBytes }))
      else chunks.push(chunk)
    }
    const onEnd = (): void => {
      leave()
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    }
    const onAbort = (): void => fail(new AbortedBodyError({}))

    // Gone while the runtime booted: there will be no event.
    if (req.destroyed) return fail(new AbortedBodyError({}))
    if (Number(req.headers['content-length'] ?? 0) > limitBytes)
      return fail(new BodyTooLargeError({ limitBytes }))
    req.on('data', onData).on('end', onEnd).on('error', onAbort).on('close', onAbort)
  })
}

/** As Express does: an object or an array, nothing else; an empty body is an empty object. */
function parseJson(source: string): unknown {
  if (source === '') return {}
  const first = source.trimStart()[0]
  try {
    if (first === '{' || first === '[') return JSON.parse(source)
  } catch (cause) {
    throw new MalformedBodyError({ type: 'JSON' }, { cause })
  }
  throw new MalformedBodyError({ type: 'JSON' })
}
