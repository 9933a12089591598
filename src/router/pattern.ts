/**
 * Reads a path pattern. The language is what Express 4, Express 5, Rails and find-my-way agree on:
 *
 *     /text   /:name   /:name(\d+)   /v:major.:minor   /@:name   /:file.json   /*rest (last; or just *)
 *
 * Optional parts, `/text(/:name)`, have been taken apart before (`optional-parts.ts`).
 *
 * Characters that mean something special in one of them (`? + ( ) [ ] { } ! \ "`) are refused, not taken
 * literally: a pattern copied from an Express app must not silently change its meaning.
 */
import type { ParamPattern } from './constraints'
import { BadPatternError } from './errors'

/** A piece of a segment. A wildcard is alone in the last segment. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string; readonly allowed: string | null }
  | { readonly kind: 'wildcard'; readonly name: string }

/** What stands between two slashes. */
export type Segment = readonly Part[]

/**
 * @param pattern starts with `/`; see `joinPath`. A slash at its end adds no segment.
 * @param source  `file:line`, for the error.
 * @param allowed what parameters may be that the pattern leaves open.
 * @throws BadPatternError
 */
export function parsePattern(
  pattern: string,
  source: string,
  allowed: Readonly<Record<string, ParamPattern>> = {},
): readonly Segment[] {
  const reader = new PatternReader(pattern, source, allowed)
  const segments: Segment[] = []
  while (!reader.isAtEnd) segments.push(reader.segment())
  reader.check(segments)
  return segments
}

/**
 * Puts a path below a prefix; both may lack the slash in front, as in Rails. The slash at the end of `path`
 * is kept: it matters to a strict router.
 *
 * @throws BadPatternError when the path is not a string.
 */
export function joinPath(prefix: string, path: unknown, source: string): string {
  if (typeof path !== 'string')
    throw new BadPatternError({ pattern: path, reason: 'is not a string', source })
  const below = path.startsWith('/') ? path : `/${path}`
  if (prefix === '' || prefix === '/') return below
  const above = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  return below === '/' ? above : above + below
}

const paramName = /[A-Za-z_]\w*/y
const wildcardName = /\w*/y
// RFC 3986 section 3.3, without what some pattern language uses: "!", "(", ")", "*", "+", ":".
const text = /(?:[A-Za-z0-9\-._~$&',;=@]|%[0-9A-Fa-f]{2})+/y

class PatternReader {
  readonly #pattern: string
  readonly #source: string
  readonly #params: Readonly<Record<string, ParamPattern>>
  #at = 0

  constructor(pattern: string, source: string, params: Readonly<Record<string, ParamPattern>>) {
    this.#pattern = pattern
    this.#source = source
    this.#params = params
    if (pattern.includes('//')) this.#refuse('has an empty segment, "//"')
  }

  /** A slash at the very end begins no segment. */
  get isAtEnd(): boolean {
    return this.#at >= this.#pattern.length || this.#pattern.slice(this.#at) === '/'
  }

  segment(): Segment {
    const parts: Part[] = []
    this.#at++
    while (this.#at < this.#pattern.length && this.#pattern[this.#at] !== '/') parts.push(this.#part())
    return parts
  }

  check(segments: readonly Segment[]): void {
    const names = new Set<string>()
    for (const [index, parts] of segments.entries()) {
      for (const [position, part] of parts.entries()) {
        if (part.kind === 'text') continue
        if (names.has(part.name)) this.#refuse(`has two parameters named "${part.name}"`)
        names.add(part.name)
        if (part.kind === 'wildcard' && (parts.length > 1 || index < segments.length - 1)) {
          this.#refuse('has a wildcard that is not the whole last segment')
        }
        if (position > 0 && parts[position - 1]!.kind !== 'text') {
          this.#refuse(`has no text between "${part.name}" and the parameter before it`)
        }
      }
    }
  }

  #part(): Part {
    const char = this.#pattern[this.#at]!
    if (char === '*') {
      this.#at++
      return { kind: 'wildcard', name: this.#take(wildcardName) || '*' }
    }
    if (char === ':') {
      this.#at++
      const name = this.#take(paramName)
      if (name === '') this.#refuse('has a ":" without a parameter name')
      const allowed = this.#pattern[this.#at] === '(' ? this.#allowed() : this.#constrained(name)
      return { kind: 'param', name, allowed }
    }
    const found = this.#take(text)
    if (found === '') this.#refuse(`has ${JSON.stringify(char)}, which has no meaning here`)
    return { kind: 'text', text: found }
  }

  /** The regular expression in parentheses behind a parameter. */
  #allowed(): string {
    const start = this.#at + 1
    let depth = 0
    do {
      const char = this.#pattern[this.#at]
      if (char === undefined) this.#refuse('has a "(" that is not closed')
      if (char === '\\') this.#at++
      else if (char === '(') depth++
      else if (char === ')') depth--
      this.#at++
    } while (depth > 0)
    const allowed = this.#pattern.slice(start, this.#at - 1)
    this.#checkAllowed(allowed)
    return allowed
  }

  #constrained(name: string): string | null {
    const found = Object.hasOwn(this.#params, name) ? this.#params[name]! : null
    if (found === null) return null
    found.isUsed = true
    this.#checkAllowed(found.source)
    return found.source
  }

  #checkAllowed(allowed: string): void {
    let groups = 0
    try {
      groups = new RegExp(`(?:${allowed})|`).exec('')!.length - 1
    } catch (cause) {
      this.#refuse(`has "(${allowed})", which is not a regular expression`, cause)
    }
    if (allowed === '') this.#refuse('has an empty "()"')
    if (groups > 0) this.#refuse(`has a capturing group in "(${allowed})"; write (?:...)`)
    if (allowed.startsWith('^') || allowed.endsWith('$')) {
      this.#refuse(`has "^" or "$" in "(${allowed})"; a parameter is always matched whole`)
    }
  }

  #take(expected: RegExp): string {
    expected.lastIndex = this.#at
    const found = expected.exec(this.#pattern)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #refuse(reason: string, cause?: unknown): never {
    throw new BadPatternError({ pattern: this.#pattern, reason, source: this.#source }, { cause })
  }
}
