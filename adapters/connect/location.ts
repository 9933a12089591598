/** Encodes what a URL in a header must not hold, and leaves what is encoded already, as Express does. */

const notAllowed =
  /(?:[^\x21\x23-\x3B\x3D\x3F-\x5F\x61-\x7A\x7C\x7E]|%(?:[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|$))+/g
const loneSurrogate = /(^|[^\uD800-\uDBFF])[\uDC00-\uDFFF]|[\uD800-\uDBFF]([^\uDC00-\uDFFF]|$)/g

export function encodeLocation(url: string): string {
  return String(url).replace(loneSurrogate, '$1\uFFFD$2').replace(notAllowed, encodeURI)
}
