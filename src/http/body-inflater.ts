/** Undoes the content encoding of a body. Limits apply to what comes out, so that a bomb bursts early. */
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { UnsupportedBodyError } from './errors'

/** @returns `null` for a body that is sent as it is. @throws UnsupportedBodyError */
export function inflaterFor(contentEncoding: string | undefined): Transform | null {
  if (contentEncoding === undefined) return null
  switch (contentEncoding.toLowerCase()) {
    case 'identity':
      return null
    case 'gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      throw new UnsupportedBodyError({ what: 'content encoding', given: contentEncoding })
  }
}
