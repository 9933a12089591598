/** The Range header. The seam of range-parser. */
import parseRange from 'range-parser'

/** The ranges asked for; -1 = none can be satisfied, -2 = malformed. */
export function rangesOf(header: string, size: number, options?: { readonly combine?: boolean }) {
  return parseRange(size, header, options)
}
