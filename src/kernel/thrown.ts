/** What users' code throws: it need not be an error, and looking at it can throw once more. */

/** Longer chains are circles. */
const longestChain = 20

/** `thrown` itself, or an error in its place where it cannot be shown: it will be logged, stored and reported. */
export function showable(thrown: unknown): unknown {
  try {
    if (thrown instanceof Error) void `${thrown.name} ${thrown.message} ${thrown.stack}`
    else void String(thrown)
    // As a logger does.
    if (typeof thrown === 'object') for (const name in thrown) void (thrown as Record<string, unknown>)[name]
    return thrown
  } catch {
    return new Error(`What was thrown (${typeof thrown}) throws itself when it is read.`)
  }
}

/** It is such an error, or was made because of one: `new Error('...', { cause })`. */
export function isCausedBy(thrown: unknown, type: abstract new (...args: never[]) => Error): boolean {
  let at = thrown
  for (let link = 0; link < longestChain; link++) {
    if (at instanceof type) return true
    if (!(at instanceof Error)) return false
    at = at.cause
  }
  return false
}
