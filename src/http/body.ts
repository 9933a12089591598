/**
 * The body of a request: the one an earlier middleware parsed, or read and parsed here. A body nobody needs
 * (other content types) is left on the stream for the action.
 */
import type { Resolved } from '../kernel'
import { readPieces } from './body-pieces'
import { discardRest } from './body-rest'
import { charsetOf, decodeText, refuseFormCharset, refuseJsonCharset } from './charset'
import { BodyTakenError, MalformedBodyError, SlowBodyError } from './errors'
import { parseForm } from './form'
import type { Request, Response } from './messages'
import { readMultipart } from './multipart'
import type { HttpOptions, UploadOptions } from './options'

/** The resolved `http` options that concern bodies. */
export type BodySettings = Pick<
  Resolved<HttpOptions>,
  'bodyLimitBytes' | 'bodyTimeoutMs' | 'maxDepth' | 'maxParams' | 'uploads'
>

type BodyKind = 'json' | 'form' | 'multipart'

/** Whether `readBody` has anything to do; the answer for most requests is no, and costs two header look-ups. */
export function hasUnreadBody(req: Request, settings: BodySettings): boolean {
  const { headers } = req
  if (headers['transfer-encoding'] === undefined) {
    const length = headers['content-length']
    // In HTTP/2 the frames say where a body ends.
    if (length === '0' || (length === undefined && !hasFramesToCome(req))) return false
  }
  // body-parser 1 leaves `{}` on bodies it did not parse, so truthiness says nothing; its mark does.
  if (req._body === true || req.readableEnded) return false
  const kind = kindOf(headers['content-type'])
  if (kind === null || (kind === 'multipart' && settings.uploads.enabled === false)) return false
  return req.body === undefined || !req.readableDidRead
}

function hasFramesToCome(req: Request): boolean {
  if (req.httpVersionMajor !== 2) return false
  return (req.stream as { endAfterHeaders?: boolean } | undefined)?.endAfterHeaders === false
}

/**
 * Reads and parses JSON, urlencoded and multipart bodies. Files of a multipart body are deleted when the
 * response closes. After an error, the rest of the body is not waited for (see `body-rest.ts`).
 *
 * @throws MalformedBodyError, BodyTooLargeError, UnsupportedBodyError, AbortedBodyError, SlowBodyError,
 *   BodyTakenError, TooManyParamsError, ParamsTooDeepError, PollutingParamsError and, for uploads,
 *   FileTooLargeError, TooManyFilesError, FieldsTooLargeError, UploadFailedError
 */
export async function readBody(req: Request, res: Response, settings: BodySettings): Promise<unknown> {
  if (isTaken(req)) throw new BodyTakenError({ url: req.url ?? '/' })
  try {
    const contentType = req.headers['content-type']
    switch (kindOf(contentType)) {
      case 'json': {
        const charset = charsetOf(contentType)
        refuseJsonCharset(charset)
        return parseJson(decodeText(await collect(req, settings), charset, 'JSON'))
      }
      case 'form': {
        const charset = charsetOf(contentType)
        refuseFormCharset(charset)
        const source = decodeText(await collect(req, settings), charset, 'urlencoded form')
        return parseForm(source, settings, charset)
      }
      default:
        return await readMultipart(req, res, {
          timeoutMs: settings.bodyTimeoutMs,
          forms: settings,
          // resolveOptions fills in groups too; its type says so one level deep only.
          uploads: settings.uploads as Resolved<UploadOptions>,
        })
    }
  } catch (error) {
    await discardRest(req, res, error instanceof SlowBodyError)
    throw error
  }
}

/** Somebody reads it, or will: what they take we would wait for in vain. */
function isTaken(req: Request): boolean {
  return req.readableDidRead || req.listenerCount('data') > 0 || req.listenerCount('readable') > 0
}

/** `application/json`, `application/*+json` and forms are parsed; everything else belongs to the action. */
function kindOf(contentType: string | undefined): BodyKind | null {
  if (contentType === undefined) return null
  if (contentType === 'application/json') return 'json'
  const end = contentType.indexOf(';')
  const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  if (type === 'application/json' || type.endsWith('+json')) return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'form'
  return type === 'multipart/form-data' ? 'multipart' : null
}

async function collect(req: Request, settings: BodySettings): Promise<Buffer> {
  const pieces: Buffer[] = []
  await readPieces(
    req,
    {
      limitBytes: settings.bodyLimitBytes,
      option: 'http.bodyLimitBytes',
      timeoutMs: settings.bodyTimeoutMs,
    },
    (piece) => {
      pieces.push(piece)
      return undefined
    },
  )
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
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
