/**
 * A file of a multipart body, on disk for as long as its request lasts: it is deleted when the response
 * closes, unless it was moved.
 */
import { createReadStream, type ReadStream } from 'node:fs'
import { copyFile, rename, rm } from 'node:fs/promises'

export interface FileFacts {
  readonly path: string
  readonly fieldName: string
  readonly originalName: string
  readonly contentType: string
  readonly size: number
}

export class UploadedFile {
  /** Name of the form's field, such as `user[avatar]`. */
  readonly fieldName: string
  /** The file's name as the client gave it, without folders. Not to be trusted in a path. */
  readonly originalName: string
  /** `originalName` made safe as the name of a file: at most 200 bytes, no separators, no control characters. */
  readonly filename: string
  /** As the client gave it: a claim, not a fact. */
  readonly contentType: string
  /** In bytes. */
  readonly size: number
  #path: string
  #isMoved = false
  #isDiscarded = false

  constructor(facts: FileFacts) {
    this.fieldName = facts.fieldName
    this.originalName = facts.originalName
    this.filename = safeName(facts.originalName)
    this.contentType = facts.contentType
    this.size = facts.size
    this.#path = facts.path
  }

  /** Where it is: temporary, until `moveTo`. */
  get path(): string {
    return this.#path
  }

  /** The contents. An open stream outlives the file. */
  stream(): ReadStream {
    return createReadStream(this.#path)
  }

  /**
   * Keeps the file, under this path; a file that is there already is replaced. Only its owner may read it (mode
   * 600). Rejects as `fs.rename` does; then the file is still temporary.
   */
  async moveTo(path: string): Promise<void> {
    const from = this.#path
    // Before the first wait: the response may close meanwhile.
    this.#isMoved = true
    try {
      await moveAcross(from, path)
    } catch (error) {
      this.#isMoved = false
      if (this.#isDiscarded) await this.discard()
      throw error
    }
    this.#path = path
  }

  /** Deletes it, unless it was moved. @internal */
  async discard(): Promise<void> {
    this.#isDiscarded = true
    if (!this.#isMoved) await rm(this.#path, { force: true })
  }
}

async function moveAcross(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await copyFile(from, to)
    await rm(from)
  }
}

const longest = 200

function safeName(name: string): string {
  const plain = name
    .normalize('NFC')
    // Separators, what Windows forbids, control characters, and what changes the direction of text.
    .replace(/[\\/:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '_')
    // No hidden file, no `..`, no name that ends as Windows does not want it.
    .replace(/^[.\s]+|[.\s]+$/g, '')
  return shorten(plain) || 'file'
}

/** Keeps the extension, and whole characters. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= longest) return name
  const extension = /\.\w{1,16}$/.exec(name)?.[0] ?? ''
  let stem = ''
  let bytes = extension.length
  for (const character of name.slice(0, name.length - extension.length)) {
    bytes += Buffer.byteLength(character)
    if (bytes > longest) break
    stem += character
  }
  return stem + extension
}
