/**
 * The text of a body in the charset its Content-Type names, by body-parser's rules: JSON in any `utf-*`, forms
 * in UTF-8 or ISO-8859-1, anything else is 415. The seam of `iconv-lite`; UTF-8 is decoded by Node itself.
 */
import { isUtf8 } from 'node:buffer'
import { decode, encodingExists } from 'iconv-lite'
import { MalformedBodyError, UnsupportedBodyError } from './errors'

const named = /;\s*charset\s*=\s*"?([^\s";]+)/i

/** The charset a Content-Type names, in lower case; `utf-8` where it names none. */
export function charsetOf(contentType: string | undefined): string {
  if (contentType === undefined || !contentType.includes(';')) return 'utf-8'
  const charset = named.exec(contentType)?.[1]?.toLowerCase()
  // ASCII is a part of UTF-8, and `utf8` what many clients call it.
  return charset === undefined || charset === 'utf8' || charset === 'us-ascii' ? 'utf-8' : charset
}

/** @throws UnsupportedBodyError unless JSON may be written in it. */
export function refuseJsonCharset(charset: string): void {
  if (charset !== 'utf-8' && !(charset.startsWith('utf-') && encodingExists(charset)))
    throw new UnsupportedBodyError({ what: 'charset', given: charset })
}

/** @throws UnsupportedBodyError unless a form may be written in it. */
export function refuseFormCharset(charset: string): asserts charset is 'utf-8' | 'iso-8859-1' {
  if (charset !== 'utf-8' && charset !== 'iso-8859-1')
    throw new UnsupportedBodyError({ what: 'charset', given: charset })
}

/**
 * @param type what the body claims to be, for the message.
 * @throws MalformedBodyError when the bytes are no UTF-8: replacement characters would change what was sent.
 */
export function decodeText(bytes: Buffer, charset: string, type: string): string {
  if (charset !== 'utf-8') return decode(bytes, charset)
  if (!isUtf8(bytes)) throw new MalformedBodyError({ type: `${type} in UTF-8` })
  const text = bytes.toString('utf8')
  // A byte order mark, which is no part of the text.
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}
