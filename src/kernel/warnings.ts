/** Warnings: coded, sent through Node's own warning channel, once per process and code (and subject). */

const given = new Set<string>()

/**
 * @param code `RAGE_W...` or, for deprecations, `RAGE_DEP...`.
 * @param subject tells several warnings of one code apart, such as the name of an attribute.
 */
export function warnOnce(code: string, message: string, subject = ''): void {
  const key = `${code}\u0000${subject}`
  if (given.has(key)) return
  given.add(key)
  const type = code.startsWith('RAGE_DEP') ? 'DeprecationWarning' : 'RageWarning'
  process.emitWarning(message, { type, code })
}
