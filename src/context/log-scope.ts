/**
 * A part of a unit of work: the same context, seen with other tags and fields, so that its lines carry more, or with other
 * values of `Current`. Everything else is the context's own, read and written through, so that what is set inside stays set
 * after it. Parts that run at the same time do not see each other's.
 */
import { Context, currentContext } from './context'

/** What the lines of a part carry. */
export interface LogScope {
  readonly tags: readonly string[]
  readonly fields: Readonly<Record<string, unknown>> | null
}

const whole = Symbol('rage.context')
/** Whose attributes a part sees: its own, those of a part around it, or those of the whole. */
const holder = Symbol('rage.attributes')

type Part = Context & { [whole]?: Context; [holder]?: Context }

/** Of `Context` as it is: whatever fields it comes to have. */
let windows: Windows | null = null

interface Windows {
  readonly prototype: object
  readonly own: PropertyDescriptorMap
}

/** `context` itself with other tags and fields; inner parts are given what the outer ones carry. */
export function scopeLogs(context: Context, { tags, fields }: LogScope): Context {
  const part = partOf(context)
  Object.defineProperty(part, holder, { value: (context as Part)[holder] ?? context })
  part.tags = tags
  part.fields = fields
  return part
}

/** `context` itself with attributes of its own, at first the same ones: nobody else sees what is set in it. */
export function scopeAttributes(context: Context): Context {
  const part = partOf(context)
  const value = new Map(context.attributes)
  Object.defineProperty(part, holder, { value: part })
  Object.defineProperty(part, 'attributes', { value, writable: true, enumerable: true, configurable: true })
  part.tags = context.tags
  part.fields = context.fields
  return part
}

function partOf(context: Context): Part {
  const { prototype, own } = (windows ??= makeWindows(context))
  const part = Object.create(prototype, own) as Part
  Object.defineProperty(part, whole, { value: wholeOf(context) })
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
  own.attributes = window('attributes', holder)
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

/** @param behind what is seen through it. */
function window(name: keyof Context, behind: typeof whole | typeof holder = whole): PropertyDescriptor {
  return {
    enumerable: true,
    configurable: true,
    get(this: Part): unknown {
      return this[behind]![name]
    },
    set(this: Part, value: unknown) {
      // What is read-only is so by its type.
      ;(this[behind] as unknown as Record<string, unknown>)[name] = value
    },
  }
}
