/**
 * The objects of the language that are written with a tag of their own. A regular expression is not among them: it is
 * code, and one from a stored text could keep the process busy for ever.
 */
import { isDate, isMap, isSet, isUint8Array } from 'node:util/types'

/** Writes or reads what is inside of a value. */
export type Inner = (value: unknown, step: string) => unknown

export interface Kind {
  readonly tag: string
  /** An instance of the class itself, of any realm; not of a subclass, which may hold more. */
  readonly is: (value: object) => boolean
  /** The payload behind the tag; JSON. */
  readonly write: (value: never, write: Inner) => unknown
  /** @throws Error when the payload is not what `write` makes. */
  readonly read: (payload: unknown, read: Inner) => unknown
}

const date: Kind = {
  tag: 'date',
  is: (value) => isDate(value) && levelsOf(value) === 2,
  write: (value: Date) => (Number.isNaN(value.getTime()) ? null : value.toISOString()),
  read: (payload) => {
    if (payload === null) return new Date(Number.NaN)
    const value = new Date(textIn(payload, 'date'))
    if (Number.isNaN(value.getTime())) throw malformed('date')
    return value
  },
}

const map: Kind = {
  tag: 'map',
  is: (value) => isMap(value) && levelsOf(value) === 2,
  write: (value: Map<unknown, unknown>, write) =>
    Array.from(value, ([key, item], index) => [
      write(key, `.keys()[${index}]`),
      write(item, `.values()[${index}]`),
    ]),
  read: (payload, read) =>
    new Map(
      listIn(payload, 'map').map((entry): [unknown, unknown] => {
        const [key, item] = listIn(entry, 'map')
        return [read(key, ''), read(item, '')]
      }),
    ),
}

const set: Kind = {
  tag: 'set',
  is: (value) => isSet(value) && levelsOf(value) === 2,
  write: (value: Set<unknown>, write) =>
    Array.from(value, (item, index) => write(item, `.values()[${index}]`)),
  read: (payload, read) => new Set(listIn(payload, 'set').map((item) => read(item, ''))),
}

const buffer: Kind = {
  tag: 'buffer',
  is: (value) => Buffer.isBuffer(value) && levelsOf(value) === 4,
  write: (value: Buffer) => value.toString('base64'),
  read: (payload) => Buffer.from(textIn(payload, 'buffer'), 'base64'),
}

const bytes: Kind = {
  tag: 'bytes',
  is: (value) => isUint8Array(value) && levelsOf(value) === 3,
  write: ({ buffer, byteOffset, byteLength }: Uint8Array) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
  // A copy: small buffers lie in memory that they share.
  read: (payload) => new Uint8Array(Buffer.from(textIn(payload, 'bytes'), 'base64')),
}

const url: Kind = {
  tag: 'url',
  is: (value) => Object.getPrototypeOf(value) === URL.prototype,
  write: (value: URL) => value.href,
  read: (payload) => new URL(textIn(payload, 'url')),
}

export const kinds: readonly Kind[] = [date, map, set, buffer, bytes, url]

/** Prototypes above a value: 1 for an object literal, 2 for a Date, one more for an instance of its subclass. */
function levelsOf(value: object): number {
  let levels = 0
  for (let at = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) levels += 1
  return levels
}

function textIn(payload: unknown, tag: string): string {
  if (typeof payload !== 'string') throw malformed(tag)
  return payload
}

function listIn(payload: unknown, tag: string): readonly unknown[] {
  if (!Array.isArray(payload)) throw malformed(tag)
  return payload
}

export function malformed(tag: string): Error {
  return new Error(`what follows its tag $${tag} is not a ${tag}`)
}
