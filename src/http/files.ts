/**
 * Sends a file: type, length, validators, ranges and conditional requests. The seam for `send`. A path that is
 * given with a root cannot leave it; files whose name begins with a dot are not there.
 */
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import sendStream from 'send'
import { attachmentHeader } from './attachment'
import {
  FileNotFoundError,
  FileRootMissingError,
  PreconditionFailedError,
  RangeNotSatisfiableError,
} from './errors'
import type { Request, Response } from './messages'
import type { Outgoing } from './send'

export interface FileOptions {
  /** Folder that `file` is below, whatever it contains. Default: none, and `file` is absolute. */
  readonly root?: string
  /** Offer it for download: by its own name (`true`) or another. @defaultValue `false` */
  readonly download?: boolean | string
}

export class FileBody implements Outgoing {
  readonly #file: string
  readonly #root: string
  readonly #path: string
  readonly #download: string | null

  /** @throws FileRootMissingError */
  constructor(file: string, { root, download = false }: FileOptions = {}) {
    if (root === undefined && !isAbsolute(file)) throw new FileRootMissingError({ file })
    this.#file = file
    // An absolute path was put together by the app: only its last part is looked at for dots.
    this.#root = root === undefined ? dirname(file) : resolve(root)
    this.#path = root === undefined ? basename(file) : file
    this.#download = download === true ? basename(file) : download === false ? null : download
  }

  discard(): void {}

  write(req: Request, res: Response): Promise<void> {
    const before = new Set(res.getHeaderNames())
    if (this.#download !== null && !res.hasHeader('Content-Disposition'))
      res.setHeader('Content-Disposition', attachmentHeader(this.#download))
    // `send` says "public" where nothing is said; an action may answer differently for each user.
    if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'private, max-age=0')
    return new Promise((fulfil, reject) => {
      const stream = sendStream(req, this.#encodedPath(), {
        root: this.#root,
        dotfiles: 'ignore',
        index: false,
      })
      const leave = (): void => {
        res.off('close', onClose)
      }
      const onClose = (): void => {
        leave()
        fulfil()
      }
      const fail = (error: unknown): void => {
        leave()
        if (res.headersSent) res.destroy()
        else this.#takeBack(res, before, error)
        reject(this.#coded(error, req))
      }
      if (res.destroyed || res.closed) return onClose()
      res.on('close', onClose)
      stream.on('error', fail).on('directory', () => fail({ status: 404 }))
      stream.pipe(res)
    })
  }

  /** `send` decodes what it is given. Half a surrogate pair names no file. */
  #encodedPath(): string {
    return encodeURI(this.#path.replace(/\p{Surrogate}/gu, '\ufffd'))
  }

  /** Another answer follows: headers that describe the file must not stand on it. */
  #takeBack(res: Response, before: ReadonlySet<string>, error: unknown): void {
    for (const name of res.getHeaderNames()) if (!before.has(name)) res.removeHeader(name)
    const range = (Object(error) as { headers?: Record<string, string> }).headers?.['Content-Range']
    if (range !== undefined) res.setHeader('Content-Range', range)
  }

  #coded(error: unknown, req: Request): unknown {
    const { status } = Object(error) as { status?: unknown }
    if (status === 416) return new RangeNotSatisfiableError({ range: String(req.headers.range) })
    if (status === 412) return new PreconditionFailedError({})
    if (typeof status === 'number' && status < 500) return new FileNotFoundError({ file: this.#file })
    return error
  }
}

/** A file on its way; the events are those of `send`. Spelled out, as the types of `send` are no part of it. */
export interface FileStream {
  on(event: 'directory' | 'end' | 'file' | 'stream', heard: () => void): this
  on(event: 'error', heard: (error: unknown) => void): this
  on(event: 'headers', heard: (res: Response, path: string) => void): this
  pipe(res: Response): void
}

/** The bare stream of `send`, for Express's `res.sendFile`. @param path encoded, as in a URL. @param options of `send` */
export function fileStream(req: Request, path: string, options: object): FileStream {
  return sendStream(req, path, options) as unknown as FileStream
}
