/** What the name of a field says about its value. */

/**
 * `counted` = secret unless it is a number: a list of tokens is, how many there are is not. `address` and `body` = a text in
 * which names of its own may stand.
 */
export type Verdict = 'secret' | 'counted' | 'address' | 'body' | 'harmless'

/** Ends of names, without `-` and `_`: `accessToken`, `x-api-key`, `db_password`, `Set-Cookie`. */
const secretEnds = new RegExp(
  `(?:${[
    'authorization|certificate|cookie|credentials?|secret|secretkeybase|token',
    'password|passwordconfirmation|passwordhash|passworddigest|passwd|passphrase|passcode',
    '(?:api|private|secret|access|encryption|signing|master|session|auth|account|subscription|shared)key',
  ].join('|')})$`,
)

/** Last words of names: as mere ends they would be those of `compass` and `basalt`, too. */
const secretWords = /^(?:passw|pwd|otp|totp|ssn|cvv2?|cvc2?|jwt|csrf|xsrf|salt|b?crypt)$/

const counted = /(?:tokens|cookies|passwords|secrets)$/

const addresses = /(?:url|uri|href|path|location|referr?er|search|connectionstring)$/
const bodies = /^(?:raw|request|response)?(?:data|body|text|payload)$/

/** @param word the name as `plainName` writes it. */
export function verdictOn(name: string, word: string): Verdict {
  const last = lastWord(name)
  // How many tests pass is no secret either.
  if (last === 'pass' || counted.test(word)) return 'counted'
  if (secretEnds.test(word) || secretWords.test(last)) return 'secret'
  if (addresses.test(word)) return 'address'
  return bodies.test(word) ? 'body' : 'harmless'
}

/** Without regard to case, `-` and `_`. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}

/** `pass` of `smtpPass`, `SMTP_PASS` and `smtp-pass`. */
function lastWord(name: string): string {
  const words = name.replace(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3 $2$4').toLowerCase()
  return (
    words
      .split(/[^a-z\d]+/)
      .filter((word) => word !== '')
      .at(-1) ?? ''
  )
}
