/**
 * Writes the files of one multipart body to disk as they come. After `abandon`, or once the response is closed,
 * nothing of them is left: no file, no open descriptor.
 */
import { randomUUID } from 'node:crypto'
import { createWriteStream, type WriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UploadFailedError } from './errors'
import type { Response } from './messages'
import { UploadedFile } from './uploaded-file'

export interface Part {
  readonly fieldName: string
  readonly originalName: string
  readonly contentType: string
}

interface Writing {
  readonly contents: Readable
  readonly path: string
  /** Settles once the descriptor is closed; never rejects. */
  readonly closed: Promise<UploadedFile | null>
}

export class UploadWriting {
  readonly #folder: string
  readonly #onFailure: (error: unknown) => void
  readonly #writings: Writing[] = []

  /** @param onFailure is told once per file that could not be written whole. */
  constructor(folder: string, onFailure: (error: unknown) => void) {
    this.#folder = folder
    this.#onFailure = onFailure
  }

  /** Begins to write a file, as slowly as the disk wants. @returns its number among the files of the body. */
  begin(part: Part, contents: Readable): number {
    const path = join(this.#folder, randomUUID())
    const closed = this.#write(part, contents, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    return this.#writings.push({ contents, path, closed }) - 1
  }

  async #write(part: Part, contents: Readable, out: WriteStream): Promise<UploadedFile | null> {
    const isClosed = new Promise<void>((resolve) => out.once('close', resolve))
    try {
      await pipeline(contents, out)
      return new UploadedFile({ ...part, path: String(out.path), size: out.bytesWritten })
    } catch (cause) {
      const { syscall, message } = cause as NodeJS.ErrnoException
      this.#onFailure(
        syscall === undefined
          ? cause
          : new UploadFailedError({ folder: this.#folder, reason: message }, { cause }),
      )
      return null
    } finally {
      await isClosed
    }
  }

  /** Waits for the disk. @returns `null` in the place of a file that could not be written. */
  files(): Promise<(UploadedFile | null)[]> {
    return Promise.all(this.#writings.map(({ closed }) => closed))
  }

  /** Stops and deletes everything. */
  async abandon(): Promise<void> {
    // Without an error a pipeline whose source has been read whole, but has not ended yet, would wait for ever.
    const reason = new Error('The upload was abandoned.')
    for (const { contents } of this.#writings) contents.destroy(reason)
    await this.files()
    await Promise.allSettled(this.#writings.map(({ path }) => rm(path, { force: true })))
  }
}

/** Deletes them when the response is done or its client gone, except those that were moved. */
export function discardWhenClosed(files: readonly UploadedFile[], res: Response): void {
  if (files.length === 0) return
  res.once('close', () => {
    // What cannot be deleted now falls to the next process (see upload-folder.ts).
    for (const file of files) file.discard().catch(() => undefined)
  })
}
