/**
 * Multipart forms: text into nested parameters, files to disk. The seam of `@fastify/busboy`, which is fed piece
 * by piece and only as fast as the disk takes the files.
 */
import type { Readable } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import type { Resolved } from '../kernel'
import { readPieces } from './body-pieces'
import {
  AbortedBodyError,
  FieldsTooLargeError,
  FileTooLargeError,
  MalformedBodyError,
  TooManyFilesError,
  TooManyParamsError,
  UploadFailedError,
} from './errors'
import { type FormLimits, nestFields } from './form'
import type { Request, Response } from './messages'
import type { UploadOptions } from './options'
import { uploadFolder } from './upload-folder'
import { discardWhenClosed, UploadWriting } from './upload-writing'
import type { UploadedFile } from './uploaded-file'

export interface MultipartSettings {
  readonly timeoutMs: number
  readonly forms: FormLimits
  readonly uploads: Resolved<UploadOptions>
}

/** @throws as `readBody`; then no file is left. */
export async function readMultipart(
  req: Request,
  res: Response,
  settings: MultipartSettings,
): Promise<Record<string, unknown>> {
  const parent = settings.uploads.folder
  const folder = await uploadFolder(parent).catch((cause: Error) => {
    throw new UploadFailedError({ folder: parent, reason: cause.message }, { cause })
  })
  const reading = new MultipartReading(folder, req.headers['content-type']!, settings)
  try {
    const { uploads, timeoutMs } = settings
    const limits = { limitBytes: uploads.limitBytes, option: 'http.uploads.limitBytes', timeoutMs }
    await readPieces(req, limits, (piece) => reading.take(piece))
    const files = await reading.finish()
    const body = reading.nest(files)
    if (res.destroyed) throw new AbortedBodyError({})
    discardWhenClosed(files, res)
    return body
  } catch (error) {
    await reading.abandon(error)
    throw error
  }
}

const fileMark = '\0file:'

class MultipartReading {
  readonly #parser: BusboyInstance
  readonly #uploads: Resolved<UploadOptions>
  readonly #forms: FormLimits
  readonly #writing: UploadWriting
  /** Values by name; a file is a mark with its number, which no text can hold: text with NUL is refused. */
  readonly #fields: Record<string, string | string[]> = Object.create(null)
  #fieldBytes = 0
  #failure: unknown = null
  #isFinished = false
  /** Goes on when the parser has room, has finished, or something failed. */
  #wake: (() => void) | null = null

  constructor(folder: string, contentType: string, settings: MultipartSettings) {
    this.#uploads = settings.uploads
    this.#forms = settings.forms
    this.#writing = new UploadWriting(folder, (error) => this.#fail(error))
    this.#parser = this.#createParser(contentType)
  }

  #createParser(contentType: string): BusboyInstance {
    const { fieldLimitBytes, fields, fileLimitBytes, files } = this.#uploads
    let parser: BusboyInstance
    try {
      parser = new Busboy({
        headers: { 'content-type': contentType },
        limits: {
          fieldSize: fieldLimitBytes,
          fields,
          fileSize: fileLimitBytes,
          files,
          // Parts of neither kind count too; one more than allowed, so that the exact limit is named first.
          parts: fields + files + 1,
          headerPairs: 32,
          headerSize: 16_384,
        },
      })
    } catch (cause) {
      throw malformed(cause)
    }
    return parser
      .on('file', (name, contents, filename, _, type) => this.#onFile(name, contents, filename, type))
      .on('field', (name, value, isNameCut, isValueCut) =>
        this.#onField(name, value, isNameCut || isValueCut),
      )
      .on('filesLimit', () => this.#fail(new TooManyFilesError({ files })))
      .on('fieldsLimit', () => this.#fail(new TooManyParamsError({ maxParams: fields })))
      .on('partsLimit', () => this.#fail(new TooManyParamsError({ maxParams: fields })))
      .on('drain', () => this.#wake?.())
      .on('finish', () => {
        this.#isFinished = true
        this.#wake?.()
      })
      .on('error', (cause) => this.#fail(malformed(cause)))
  }

  take(piece: Buffer): Promise<void> | undefined {
    const hasRoom = this.#failure === null && this.#parser.write(piece)
    if (this.#failure !== null) throw this.#failure
    return hasRoom ? undefined : this.#woken()
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = null
    if (this.#failure !== null) throw this.#failure
  }

  /** After the last piece: waits for parser and disk. */
  async finish(): Promise<UploadedFile[]> {
    this.#parser.end()
    const files = await this.#writing.files()
    // Of a body that ends inside a field the parser never says that it has finished.
    for (let turn = 0; turn < 10 && !this.#isFinished; turn += 1) await nextTurn()
    if (this.#failure !== null) throw this.#failure
    if (!this.#isFinished) throw malformed(undefined)
    return files as UploadedFile[]
  }

  nest(files: readonly UploadedFile[]): Record<string, unknown> {
    const body = nestFields(this.#fields, this.#forms)
    if (files.length > 0) placeFiles(body, files)
    return body
  }

  async abandon(reason: unknown): Promise<void> {
    this.#failure ??= reason
    this.#parser.destroy()
    await this.#writing.abandon()
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#wake?.()
  }

  #onFile(name: string | undefined, contents: Readable, filename: string | undefined, type: string): void {
    // Between its events and those of who reads it, an error would have no listener and end the process.
    contents.on('error', () => undefined)
    // An empty name is a file input in which nothing was chosen.
    if (this.#failure !== null || filename === '') return void contents.resume()
    if (!this.#isAcceptable(name)) return void contents.resume()
    const { fileLimitBytes } = this.#uploads
    contents.once('limit', () =>
      contents.destroy(new FileTooLargeError({ field: name, limitBytes: fileLimitBytes })),
    )
    const part = { fieldName: name, originalName: filename ?? '', contentType: type }
    this.#add(name, `${fileMark}${this.#writing.begin(part, contents)}`)
  }

  #onField(name: string | undefined, value: string, isCut: boolean): void {
    if (this.#failure !== null || !this.#isAcceptable(name)) return
    this.#fieldBytes += Buffer.byteLength(name) + Buffer.byteLength(value)
    const { fieldLimitBytes } = this.#uploads
    if (isCut || this.#fieldBytes > fieldLimitBytes)
      return this.#fail(new FieldsTooLargeError({ limitBytes: fieldLimitBytes }))
    if (value.includes('\0')) return this.#fail(malformed(undefined))
    this.#add(name, value)
  }

  #isAcceptable(name: string | undefined): name is string {
    if (name !== undefined && !name.includes('\0')) return true
    this.#fail(malformed(undefined))
    return false
  }

  #add(name: string, value: string): void {
    const known = this.#fields[name]
    if (known === undefined) this.#fields[name] = value
    else if (typeof known === 'string') this.#fields[name] = [known, value]
    else known.push(value)
  }
}

/** Puts the files where their marks are. A field named like a member of a file cannot reach into it that way. */
function placeFiles(values: Record<string, unknown>, files: readonly UploadedFile[]): void {
  for (const name of Object.keys(values)) {
    // qs keeps a value that stands where others are nested as a name.
    if (name.startsWith(fileMark)) throw malformed(undefined)
    const value = values[name]
    if (typeof value === 'string') {
      if (value.startsWith(fileMark)) values[name] = files[Number(value.slice(fileMark.length))]
    } else if (typeof value === 'object' && value !== null) {
      placeFiles(value as Record<string, unknown>, files)
    }
  }
}

function malformed(cause: unknown): MalformedBodyError {
  return new MalformedBodyError({ type: 'multipart/form-data' }, { cause })
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
