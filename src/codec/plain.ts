/**
 * Whether JSON gives a value back as it was. Nearly all arguments are such, so this is all the check they get:
 * what is not plain, broken or merely a Date, is looked at again by tagging.ts.
 */

/** Deeper than this is a cycle in all but name, and `JSON.stringify` would run out of stack. */
export const maxDepth = 500

// Hot path: bench/jobs.mjs.
/** @param ancestors the objects around the value, outermost first; left as it was only when the answer is `true`. */
export function isPlain(value: unknown, ancestors: object[]): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return isPlainNumber(value)
    case 'object':
      return value === null || isPlainInside(value, ancestors)
    default:
      return false
  }
}

/** JSON knows neither NaN nor the infinities, and forgets the sign of -0. */
export function isPlainNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0)
}

/** An object literal, of any realm, or one without prototype. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function isPlainInside(value: object, ancestors: object[]): boolean {
  if (ancestors.length >= maxDepth || ancestors.includes(value)) return false
  ancestors.push(value)
  if (!(Array.isArray(value) ? isPlainArray(value, ancestors) : isPlainRecord(value, ancestors))) return false
  ancestors.pop()
  return true
}

function isPlainArray(values: readonly unknown[], ancestors: object[]): boolean {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (typeof value !== 'string' && !isPlain(value, ancestors)) return false
  }
  return true
}

function isPlainRecord(value: object, ancestors: object[]): boolean {
  if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) return false
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key]
    // Most members are texts: they need no call.
    if (typeof member !== 'string' && !isPlain(member, ancestors)) return false
  }
  return true
}
