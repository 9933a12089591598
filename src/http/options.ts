/** Options of request bodies, uploads and parameters. */
import { tmpdir } from 'node:os'
import { defineOptions, flag, text, wholeNumber } from '../kernel'

export interface UploadOptions {
  /** Whether `multipart/form-data` is parsed; `false` leaves it on the stream. @defaultValue `true` */
  enabled?: boolean
  /** Folder below which files are kept until their response closes. @defaultValue the system's folder for temporary files */
  folder?: string
  /** Largest multipart body, in bytes; a larger one answers 413. From 0. @defaultValue `52_428_800` (50 MiB) */
  limitBytes?: number
  /** Largest file, in bytes; a larger one answers 413. From 0. @defaultValue `10_485_760` (10 MiB) */
  fileLimitBytes?: number
  /** Files in one request; more answer 400. From 0. @defaultValue `10` */
  files?: number
  /** Fields that are no files, in one request; more answer 400. From 0. @defaultValue `1_000` */
  fields?: number
  /** Text of all these fields together, in bytes; more answers 413. From 0. @defaultValue `102_400` */
  fieldLimitBytes?: number
}

export interface HttpOptions {
  /** Largest body that is parsed, in bytes; a larger one answers 413. From 0. @defaultValue `102_400` (Express's default) */
  bodyLimitBytes?: number
  /** Longest silence of a client in the middle of a body, in ms; then 408. `0` = no bound. @defaultValue `30_000` */
  bodyTimeoutMs?: number
  /** Deepest nesting of parameters; deeper answers 400. From 1. @defaultValue `32` */
  maxDepth?: number
  /** Parameters in one form or query that is parsed here; more answer 400. From 1. @defaultValue `1_000` (Express's default) */
  maxParams?: number
  uploads?: UploadOptions
}

const uploadOptions = defineOptions<UploadOptions>({
  enabled: flag(true),
  folder: text(tmpdir()),
  limitBytes: wholeNumber({ default: 52_428_800, min: 0 }),
  fileLimitBytes: wholeNumber({ default: 10_485_760, min: 0 }),
  files: wholeNumber({ default: 10, min: 0 }),
  fields: wholeNumber({ default: 1_000, min: 0 }),
  fieldLimitBytes: wholeNumber({ default: 102_400, min: 0 }),
})

export const httpOptions = defineOptions<HttpOptions>({
  bodyLimitBytes: wholeNumber({ default: 102_400, min: 0 }),
  bodyTimeoutMs: wholeNumber({ default: 30_000, min: 0, max: 2_147_483_647 }),
  maxDepth: wholeNumber({ default: 32, min: 1, max: 1000 }),
  maxParams: wholeNumber({ default: 1_000, min: 1 }),
  uploads: uploadOptions,
})
