/**
 * A part of a unit of work whose lines carry more: the same context, seen with other tags and fields. Everything
 * but those two is the context's own, read and written through, so that what is set inside stays set after it.
 * Parts that run at the same time do not see each other's.
 */
import { Context, currentContext } from './context'

/** What the lines of a part carry. */
export interface LogScope {
  readonly tags: readonly string[]
  readonly fields: Readonly<Record<string, unknown>> | null
}

const whole = Symbol('rage.context')

type Part = Context & { [whole]?: Context }

/** Of `Context` as it is: whatever fields it comes to have. */
let windows: Windows | null = null

interface Windows {
  readonly prototype: object
  readonly own: PropertyDescriptorMap
}

/** `context` itself with other tags and fields; inner parts are given what the outer ones carry. */
export function scopeLogs(context: Context, { tags, fields }: LogScope): Context {
  const { prototype, own } = (windows ??= makeWindows(context))
  const part = Object.create(prototype, own) as Part
  Object.defineProperty(part, whole, { value: wholeOf(context) })
  part.tags = tags
  part.fields = fields
  return part
}

/** The context that `context` is a part of, or itself. */
export function wholeOf(context: Context): Context {
  return (context as Part)[whole] ?? context
}

/** `context`, or the part of it that is running now: for those who enter a context anew, and may be inside it. */
export function innermost(context: Context): Context {
  if (windows === null) return context
  const current = currentContext()
  return current !== null && (current as Part)[whole] === wholeOf(context) ? current : context
}

function makeWindows(context: Context): Windows {
  const own: PropertyDescriptorMap = {}
  // Own and enumerable, as they are on a context: copies by spread are complete.
  for (const name of Object.keys(wholeOf(context))) own[name] = window(name as keyof Context)
  own.tags = { writable: true, enumerable: true, configurable: true }
  own.fields = { writable: true, enumerable: true, configurable: true }
  const prototype = Object.create(Context.prototype) as object
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(Context.prototype))) {
    if (name === 'constructor') continue
    if (get !== undefined) Object.defineProperty(prototype, name, window(name as keyof Context))
    else if (typeof value === 'function') {
      Object.defineProperty(prototype, name, {
        value(this: Part, ...args: unknown[]): unknown {
          return value.apply(this[whole], args)
        },
      })
    }
  }
  return { prototype, own }
}

function window(name: keyof Context): PropertyDescriptor {
  return {
    enumerable: true,
    configurable: true,
    get(this: Part): unknown {
      return this[whole]![name]
    },
    set(this: Part, value: unknown) {
      // What is read-only is so by its type.
      ;(this[whole] as unknown as Record<string, unknown>)[name] = value
    },
  }
}
