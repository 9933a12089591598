/**
 * The value of a tree that tagging.ts made. Objects are those that `JSON.parse` made, whose keys are properties of
 * their own, `__proto__` included: no text reaches a prototype.
 */
import type { ValueCodec } from './codecs'
import { type Kind, kinds, malformed } from './kinds'

type CodecNamed = (name: string) => ValueCodec | undefined

const kindsByTag = new Map<string, Kind>(kinds.map((kind) => [kind.tag, kind]))
const oddNumbers: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
])

/** Changes the tree. @throws Error for tags and codecs that are not known here, and for what a codec throws. */
export function untag(tree: unknown, codecNamed: CodecNamed): unknown {
  if (typeof tree !== 'object' || tree === null) return tree
  if (Array.isArray(tree)) {
    for (let index = 0; index < tree.length; index++) tree[index] = untag(tree[index], codecNamed)
    return tree
  }
  const record = tree as Record<string, unknown>
  const keys = Object.keys(record)
  const [first] = keys
  if (keys.length === 1 && first!.startsWith('$'))
    return untagOne(first!.slice(1), record[first!], codecNamed)
  for (const key of keys) record[key] = untag(record[key], codecNamed)
  return record
}

function untagOne(tag: string, payload: unknown, codecNamed: CodecNamed): unknown {
  // The user's own object.
  if (tag.startsWith('$')) return { [tag]: untag(payload, codecNamed) }
  if (tag === 'undefined') return undefined
  if (tag === 'number') return readNumber(payload)
  if (tag === 'bigint') return readBigInt(payload)
  if (tag === 'codec') return readDeclared(payload, codecNamed)
  const kind = kindsByTag.get(tag)
  if (kind === undefined) throw new Error(`its tag $${tag} is not known to this version`)
  return kind.read(payload, (inner) => untag(inner, codecNamed))
}

function readNumber(payload: unknown): number {
  const value = oddNumbers.get(payload)
  if (value === undefined) throw malformed('number')
  return value
}

function readBigInt(payload: unknown): bigint {
  if (typeof payload !== 'string' || !/^-?\d+$/.test(payload)) throw malformed('bigint')
  return BigInt(payload)
}

function readDeclared(payload: unknown, codecNamed: CodecNamed): unknown {
  if (!Array.isArray(payload) || typeof payload[0] !== 'string') throw malformed('codec')
  const [name, encoded] = payload
  const codec = codecNamed(name)
  if (codec === undefined) throw new Error(`its codec "${name}" is not declared`)
  return codec.decode(untag(encoded, codecNamed) as never)
}
