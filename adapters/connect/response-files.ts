/** `res.sendFile` and `res.download` of Express's API: ranges, conditional requests, errors to `callback` or `next`. */
import { basename, isAbsolute, resolve } from 'node:path'
import { finished } from 'node:stream'
import { attachmentHeader, fileStream, type Request, type Response } from '../../src/http'
import { olderFileType } from './content-type'
import type { ConnectResponse } from './response'

export interface SendFileOptions {
  /** Folder that the path is below; a path that leaves it is refused with 403. */
  readonly root?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly dotfiles?: 'allow' | 'deny' | 'ignore'
  /** In ms, or as text: `'1d'`. */
  readonly maxAge?: number | string
  readonly immutable?: boolean
  readonly lastModified?: boolean
  readonly etag?: boolean
  readonly cacheControl?: boolean
  readonly acceptRanges?: boolean
}

/** Called when the file is sent, or cannot be. */
type Sent = (error?: unknown) => void

export function sendFile(
  this: ConnectResponse,
  path: string,
  options?: SendFileOptions | Sent | null,
  callback?: Sent,
): void {
  if (!path) throw new TypeError('path argument is required to res.sendFile')
  if (typeof path !== 'string') throw new TypeError('path must be a string to res.sendFile')
  const done = typeof options === 'function' ? options : callback
  const given: SendFileOptions = typeof options === 'function' ? {} : (options ?? {})
  if (!given.root && !isAbsolute(path))
    throw new TypeError('path must be absolute or specify root to res.sendFile')
  // Express 5 lets the app's setting decide about tags, whatever the options say.
  const etag = this.app.major === 5 ? this.app.enabled('etag') : (given.etag ?? true)
  stream(this, encodeURI(path), { ...given, etag }, done ?? passingErrors(this))
}

/** Of Express 4: takes an escaped path, relative to the working folder too. */
export function sendfile(
  this: ConnectResponse,
  path: string,
  options?: SendFileOptions | Sent | null,
  callback?: Sent,
): void {
  const done = typeof options === 'function' ? options : callback
  const given = typeof options === 'function' ? {} : (options ?? {})
  stream(this, path, given, done ?? passingErrors(this))
}

/** Of who is not told otherwise: errors to `req.next`, unless the client is gone; what is a folder is no file of ours. */
function passingErrors({ req: { next } }: ConnectResponse): Sent {
  return (error) => {
    if (error === undefined) return
    const { code, syscall } = Object(error) as { code?: unknown; syscall?: unknown }
    if (code === 'EISDIR') next()
    else if (code !== 'ECONNABORTED' && syscall !== 'write') next(error)
  }
}

export function download(
  this: ConnectResponse,
  path: string,
  ...rest: readonly (string | SendFileOptions | Sent | null | undefined)[]
): void {
  const name = rest.find((argument) => typeof argument === 'string')
  const done = rest.find((argument) => typeof argument === 'function')
  const options = (rest.find((argument) => typeof argument === 'object' && argument !== null) ??
    {}) as SendFileOptions
  const headers: Record<string, string> = { 'Content-Disposition': attachmentHeader(basename(name || path)) }
  for (const [key, value] of Object.entries(options.headers ?? {}))
    if (key.toLowerCase() !== 'content-disposition') headers[key] = value
  this.sendFile(options.root ? path : resolve(path), { ...options, headers }, done)
}

/** Sends the file and says once how it went. @param path escaped, as in a URL */
function stream(res: ConnectResponse, path: string, options: SendFileOptions, done: Sent): void {
  const file = fileStream(res.req as Request, path, options)
  let isDone = false
  const end = (error?: unknown): void => {
    if (isDone) return
    isDone = true
    done(error)
  }
  let isStreaming: boolean | null = null
  file.on('directory', () => end(Object.assign(new Error('EISDIR, read'), { code: 'EISDIR' })))
  file.on('end', () => end())
  file.on('error', end)
  file.on('file', () => {
    isStreaming = false
  })
  file.on('stream', () => {
    isStreaming = true
  })
  finished(res as unknown as Response, (error) => {
    if (error && (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') return end(error)
    const broken = res.req.socket?.errored
    if (error && broken && (broken as NodeJS.ErrnoException).code !== 'ECONNRESET') return end(broken)
    // The end of the file may still be on its way here.
    setImmediate(() => {
      if (error || isStreaming !== false) end(aborted())
      else end()
    })
  })
  if (options.headers) {
    const { headers } = options
    file.on('headers', (response: Response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    })
  }
  if (res.app.major === 4)
    file.on('headers', (response: Response, found: string) => {
      if (!response.getHeader('Content-Type')) response.setHeader('Content-Type', olderFileType(found))
    })
  file.pipe(res as unknown as Response)
}

function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { code: 'ECONNABORTED' })
}
