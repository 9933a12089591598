/** Options of request bodies. */
import { defineOptions, wholeNumber } from '../kernel'

export interface HttpOptions {
  /** Largest body that is parsed, in bytes; a larger one answers 413. From 0. @defaultValue `102_400` (Express's default) */
  bodyLimitBytes?: number
  /** Deepest nesting of parameters; deeper answers 400. From 1. @defaultValue `32` */
  maxDepth?: number
}

export const httpOptions = defineOptions<HttpOptions>({
  bodyLimitBytes: wholeNumber({ default: 102_400, min: 0 }),
  maxDepth: wholeNumber({ default: 32, min: 1, max: 1000 }),
})
