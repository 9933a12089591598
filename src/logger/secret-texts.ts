/** Texts with names of their own in them: addresses, forms, JSON that cannot be parsed. */

/** Of a name in the text, and its value there: whether that is secret. */
export type IsSecret = (name: string, value: string) => boolean

/** Written in place of a secret. */
export const redacted = '[Redacted]'

/** `token=…` at the beginning and behind `?`, `&` and `#`. Names are short: the text may be any. */
const pairs = /(^|[?&#])([^=&#?\s]{1,200})=([^&#\s]*)/g
const userInfo = /(\/\/[^/?#@:\s]*:)[^/?#@\s]+@/g
const jsonNames = /"((?:[^"\\]|\\.)*)"\s*:\s*"?([^",\]}]*)/g

/** `https://u:[Redacted]@shop.example/?token=[Redacted]&page=2` */
export function addressWithoutSecrets(address: string, isSecret: IsSecret): string {
  const shown = address.includes('@') ? address.replace(userInfo, `$1${redacted}@`) : address
  return formWithoutSecrets(shown, isSecret)
}

/** `user[password]=[Redacted]&page=2` */
export function formWithoutSecrets(form: string, isSecret: IsSecret): string {
  if (!form.includes('=')) return form
  return form.replace(pairs, (pair, before: string, name: string, value: string) =>
    isSecret(innermost(decoded(name)), value) ? `${before}${name}=${redacted}` : pair,
  )
}

/** JSON that is cut off, or of several lines. */
export function brokenJsonWithoutSecrets(json: string, isSecret: IsSecret): string {
  for (const [, name, value] of json.matchAll(jsonNames)) if (isSecret(name!, value!)) return redacted
  return json
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** `password` of `user[password]`, `tokens` of `tokens[]`. */
function innermost(name: string): string {
  return name.match(/[^[\]]+/g)?.at(-1) ?? name
}
