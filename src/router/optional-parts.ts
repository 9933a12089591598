/**
 * Optional parts of a pattern, as in Rails: `/orders(/:page)(.:format)`. A pattern with them stands for several
 * without: each of those is matched as Express matches it, so nothing is looser than there.
 *
 * A `(` right behind a parameter's name begins its regular expression, unless `/` or `.:` follows.
 */
import { BadPatternError } from './errors'

/** Each optional part doubles the number of routes. */
const maxVariants = 16

/**
 * The patterns that `pattern` stands for, the longest first; itself, when nothing in it is optional.
 *
 * @throws BadPatternError for a parenthesis without its partner, or more than four optional parts.
 */
export function withoutOptionalParts(pattern: string, source: string): readonly string[] {
  const found: string[] = []
  const open = [pattern]
  while (open.length > 0) {
    const current = open.shift()!
    const start = optionalStart(current)
    if (start === -1) {
      if (!found.includes(current)) found.push(current)
      continue
    }
    const end = closing(current, start)
    if (end === -1) {
      throw new BadPatternError({ pattern, reason: 'has a "(" that is not closed', source })
    }
    const [before, inside, after] = [
      current.slice(0, start),
      current.slice(start + 1, end),
      current.slice(end + 1),
    ]
    open.push(before + inside + after, joinedWithout(before, after))
    if (open.length + found.length > maxVariants) {
      throw new BadPatternError({ pattern, reason: 'has more than four optional parts', source })
    }
  }
  return found.sort((a, b) => b.length - a.length)
}

/** `/(:locale)/orders` without its part is `/orders`, not `//orders`. */
function joinedWithout(before: string, after: string): string {
  const path =
    before.endsWith('/') && (after === '' || after.startsWith('/'))
      ? before.slice(0, -1) + after
      : before + after
  return path === '' ? '/' : path
}

function optionalStart(pattern: string): number {
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++
    else if (pattern[at] === '(') {
      if (!isExpression(pattern, at)) return at
      const end = closing(pattern, at)
      if (end === -1) return -1
      at = end
    }
  }
  return -1
}

function isExpression(pattern: string, at: number): boolean {
  if (!/:[A-Za-z_]\w*$/.test(pattern.slice(0, at))) return false
  return !/^\((?:\/|\.:)/.test(pattern.slice(at))
}

/** Where the parenthesis opened at `start` is closed, or -1. */
function closing(pattern: string, start: number): number {
  let depth = 0
  for (let at = start; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++
    else if (pattern[at] === '(') depth++
    else if (pattern[at] === ')' && --depth === 0) return at
  }
  return -1
}
