/**
 * What every line carries besides its own fields: of the unit of work it is written in, and what the options say. One
 * object per line, made here.
 */
import type { IncomingMessage } from 'node:http'
import { type Context, currentContext, innermost, type TraceSource } from '../context'
import { isThenable, warnOnce } from '../kernel'
import type { OwnFields } from './own-fields'
import { addTrace } from './trace-fields'

/** The unit of work a line belongs to, for functions that add fields to it. */
export interface LoggedUnit {
  readonly kind: Context['kind']
  readonly requestId: string
}

export type LogFields = Readonly<Record<string, unknown>>
/** Fields, or a function that answers them: asked for each line, with its unit of work, or `null` outside of any. */
export type LogContext = LogFields | ((unit: LoggedUnit | null) => LogFields | null | undefined)
/** A tag, or a function that answers tags: asked once per request. */
export type LogTag = string | ((req: IncomingMessage) => string | readonly string[] | null | undefined)

interface FieldOptions {
  readonly tags: readonly LogTag[]
  readonly context: readonly LogContext[]
  /** The span of a tracing system that is current; `null` = there is no such system. */
  readonly trace: TraceSource | null
}

export class LineFields {
  /** Functions for the tags of a request, or `null`. */
  readonly tagsOf: ((req: IncomingMessage) => readonly string[]) | null
  readonly #tags: readonly string[]
  readonly #static: LogFields | null
  readonly #dynamic: readonly ((unit: LoggedUnit | null) => LogFields | null | undefined)[]
  readonly #trace: TraceSource | null
  #isAsking = false

  constructor({ tags, context, trace }: FieldOptions) {
    this.#trace = trace
    this.#tags = tags.filter((tag) => typeof tag === 'string')
    const asked = tags.filter((tag) => typeof tag === 'function')
    this.tagsOf = asked.length === 0 ? null : (req) => asked.flatMap((tag) => askTag(tag, req))
    const given = context.filter((fields) => typeof fields !== 'function')
    this.#static = given.length === 0 ? null : Object.assign({}, ...given)
    this.#dynamic = context.filter((fields) => typeof fields === 'function')
  }

  /** A new object: the logger writes the fields of the line into it. */
  of(own: OwnFields): Record<string, unknown> {
    const context = own.context === null ? currentContext() : innermost(own.context)
    const fields: Record<string, unknown> = {}
    if (this.#static !== null) Object.assign(fields, this.#static)
    if (this.#trace !== null) addTrace(fields, this.#trace, own.context === null ? null : context)
    for (const ask of this.#dynamic) this.#ask(ask, context, fields)
    if (context !== null) {
      // The logger of a request has the id already; for `merge` the name is taken all the same.
      if (own.context !== null) fields.requestId = undefined
      else {
        fields.requestId = context.requestId
        // Late work of the unit, or a callback of somebody else's that took its context along: the id may be wrong.
        if (context.closed) fields.unitEnded = true
      }
      if (context.fields !== null) Object.assign(fields, context.fields)
    }
    if (own.fields !== null) Object.assign(fields, own.fields)
    const tags = context === null ? noTags : context.tags
    const all = this.#tags.length + tags.length + own.tags.length
    if (all > 0) fields.tags = all === tags.length ? tags : [...this.#tags, ...tags, ...own.tags]
    return fields
  }

  #ask(
    ask: (unit: LoggedUnit | null) => LogFields | null | undefined,
    context: Context | null,
    fields: Record<string, unknown>,
  ): void {
    // It logs itself.
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      const answer = ask(context)
      if (isThenable(answer)) refusePromise('logger.context', answer)
      else Object.assign(fields, answer)
    } catch (error) {
      complainOf('logger.context', error)
    } finally {
      this.#isAsking = false
    }
  }
}

const noTags: readonly string[] = []

function askTag(tag: (req: IncomingMessage) => unknown, req: IncomingMessage): readonly string[] {
  try {
    const answer = tag(req)
    if (!isThenable(answer)) return tagsFrom([answer])
    refusePromise('logger.tags', answer)
    return noTags
  } catch (error) {
    complainOf('logger.tags', error)
    return noTags
  }
}

/** A line cannot wait; what the promise fails with must not end the process. */
function refusePromise(hook: string, answer: PromiseLike<unknown>): void {
  Promise.resolve(answer).catch(() => undefined)
  complainOf(hook, new TypeError('it answered a promise, and no line waits for one'))
}

/** As Rails takes them: lists in lists, and without the empty ones. */
export function tagsFrom(given: readonly unknown[]): readonly string[] {
  return given
    .flat(Number.POSITIVE_INFINITY)
    .filter((tag) => tag !== null && tag !== undefined && tag !== '')
    .map(String)
}

/** A function that users gave the logger has failed: the line is written without what it would have added. */
export function complainOf(hook: string, error: unknown): void {
  warnOnce(
    'RAGE_W040',
    `${hook} failed: ${textOf(error)}. Lines are written without it; nothing else is affected.`,
    hook,
  )
}

function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'it threw what cannot be read'
  }
}
