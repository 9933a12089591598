/** `Content-Disposition` of a download. The seam for `content-disposition`. */
import contentDisposition from 'content-disposition'

/** Names the file in ASCII and, where that is not enough, in UTF-8 as well. No name = only `attachment`. */
export function attachmentHeader(filename?: string): string {
  return contentDisposition(filename)
}
