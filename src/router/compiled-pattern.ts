/**
 * What a pattern becomes for matching: a path for find-my-way, which selects, and a regular expression over
 * the raw path, which decides wherever find-my-way alone could be looser than Express.
 *
 * The regular expression follows path-to-regexp 0.1 (Express 4) and 8 (Express 5), and where they differ the
 * stricter one: parameters and wildcards are never empty, and of several parameters in a segment the later
 * ones do not contain the text before them.
 */
import type { Part, Segment } from './pattern'

export interface CompiledPattern {
  /** For find-my-way; `%` is written as `hiddenPercent`. */
  readonly treePath: string
  /** Equal for two patterns that find-my-way takes for the same. */
  readonly shape: string
  /** Equal for two patterns that match the same paths, whatever their parameters are called. */
  readonly place: string
  /** Over the raw path; captures the parameters in the order of `names`. */
  readonly exact: RegExp
  readonly names: readonly string[]
  /** Each segment is text or one free parameter, so that what find-my-way found needs no second look. */
  readonly isPlain: boolean
  /** The last parameter takes the rest of the path, with a slash at its end. */
  readonly hasWildcard: boolean
}

/**
 * Stands for `%` in whatever find-my-way sees, because it decodes `%` before it matches. Paths that hold
 * this character match nothing, so it cannot be forged; Node's HTTP parser refuses them anyway.
 */
export const hiddenPercent = '\u0001'

/** @param endsWithSlash the slash is part of the path: a strict router and a pattern written with one. */
export function compilePattern(
  segments: readonly Segment[],
  caseSensitive: boolean,
  endsWithSlash: boolean,
): CompiledPattern {
  const end = endsWithSlash ? '/' : ''
  const whole = (ofPart: (segment: Segment, index: number) => string): string =>
    segments.length === 0 ? '/' : `${segments.map((parts) => `/${ofParts(parts, ofPart)}`).join('')}${end}`
  const parts = segments.flat()
  const shape = whole(shapeOf)
  const exact = whole(exactText)
  return {
    treePath: whole(treeText).replaceAll('%', hiddenPercent),
    shape: caseSensitive ? shape : shape.toLowerCase(),
    place: caseSensitive ? exact : whole(exactLowerCase),
    exact: new RegExp(`^${exact}$`, caseSensitive ? '' : 'i'),
    names: parts.flatMap((part) => (part.kind === 'text' ? [] : [part.name])),
    isPlain: segments.every((segment) => segment.length === 1 && isPlainPart(segment[0]!)),
    hasWildcard: parts.at(-1)?.kind === 'wildcard',
  }
}

/** For mounts: the path itself and whatever lies below it, at the border of a segment, as `app.use` in Express. */
export function compilePrefix(segments: readonly Segment[], caseSensitive: boolean): RegExp {
  const text = segments.map((parts) => `/${ofParts(parts, exactText)}`).join('')
  return new RegExp(`^${text}(?=/|$)`, caseSensitive ? '' : 'i')
}

function ofParts(segment: Segment, ofPart: (segment: Segment, index: number) => string): string {
  return segment.map((_, index) => ofPart(segment, index)).join('')
}

function isPlainPart(part: Part): boolean {
  return part.kind === 'text' || (part.kind === 'param' && part.allowed === null)
}

/** find-my-way compares parameters by place, and those with a regular expression by place too. */
function shapeOf(segment: Segment, index: number): string {
  const part = segment[index]!
  if (part.kind === 'text') return part.text
  if (part.kind === 'wildcard') return '*'
  return segment.length === 1 && part.allowed === null ? ':' : ':()'
}

function treeText(segment: Segment, index: number): string {
  const part = segment[index]!
  if (part.kind === 'text') return part.text
  if (part.kind === 'wildcard') return '*'
  if (segment.length === 1 && part.allowed === null) return `:${part.name}`
  return `:${part.name}(${paramExpression(segment, index)})`
}

function exactText(segment: Segment, index: number): string {
  const part = segment[index]!
  if (part.kind === 'text') return literal(part.text)
  return part.kind === 'wildcard' ? '([^]+)' : `(${paramExpression(segment, index)})`
}

/** Only the text: `\d` and `\D` differ whatever the case. */
function exactLowerCase(segment: Segment, index: number): string {
  const part = segment[index]!
  return part.kind === 'text' ? literal(part.text.toLowerCase()) : exactText(segment, index)
}

function paramExpression(segment: Segment, index: number): string {
  const part = segment[index]!
  if (part.kind === 'param' && part.allowed !== null) return `(?:${part.allowed})`
  const before = segment[index - 1]
  // Only behind another parameter; behind plain text alone ("/v:version") anything may follow.
  return index >= 2 && before?.kind === 'text' ? `(?:(?!${literal(before.text)})[^/])+?` : '[^/]+?'
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
