/**
 * The two ways a line takes, as hooks of pino's log methods: written by pino, or forwarded to the logger of the
 * application. Neither lets anything through that fails on the way.
 */
import { isThenable } from '../kernel'
import type { LevelName } from './contract'
import type { Forwarding } from './external-logger'
import { complainOf, type LineFields } from './line-fields'
import { ownOf } from './own-fields'
import type { Redact } from './redaction'
import type { Serializers } from './serializers'

/** What of a pino logger is used here. */
interface LineLogger {
  readonly levels: { readonly labels: Readonly<Record<number, string>> }
  bindings(): object
}

type LogHook = (
  this: LineLogger,
  args: unknown[],
  method: (this: never, ...args: never[]) => void,
  level: number,
) => void

/** What fails: serializers, getters of the fields, destinations that cannot be guarded. */
export const writeSafely: LogHook = function (args, method) {
  try {
    method.apply(this as never, args as never[])
  } catch (error) {
    complainOf('A log line', error)
  }
}

interface Parts {
  readonly forwarding: Forwarding
  readonly lineFields: LineFields
  readonly redact: Redact | null
  readonly serializers: Serializers
}

/** Nothing is written here: fields are put together as pino would, and handed over. */
export function forwardLines({ forwarding, lineFields, redact, serializers }: Parts): LogHook {
  return function (args, _method, levelNumber) {
    try {
      const level = this.levels.labels[levelNumber] as LevelName
      if (!forwarding.isEnabled(level)) return
      const [first, ...others] = args
      const given = fieldsOf(first)
      const [message = given.err instanceof Error ? given.err.message : undefined, ...rest] =
        typeof first === 'object' ? others : args
      let fields: object = merge(given, Object.assign(lineFields.of(ownOf(this)), this.bindings()))
      // The other logger would write what it answers in their place.
      if ('toJSON' in fields) fields.toJSON = undefined
      if (redact !== null) fields = redact(fields)
      if (!forwarding.takesErrors) fields = serialized(fields as Record<string, unknown>, serializers)
      const answer = forwarding.write(level, fields, message as string | undefined, rest)
      if (isThenable(answer)) answer.then(undefined, (error) => complainOf('logger.use', error))
    } catch (error) {
      complainOf('logger.use', error)
    }
  }
}

function fieldsOf(first: unknown): Record<string, unknown> {
  if (first instanceof Error) return { err: first }
  return typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {}
}

function serialized(fields: Record<string, unknown>, serializers: Serializers): object {
  const all = { ...fields }
  for (const [name, serialize] of Object.entries(serializers)) {
    if (all[name] !== undefined) all[name] = serialize(all[name] as never)
  }
  return all
}

/** The fields of the line win, but it cannot say that another request wrote it. One that cannot be read is left out. */
export function merge(line: object, around: object): Record<string, unknown> {
  const fields = around as Record<string, unknown>
  const { requestId } = fields
  const isNamed = 'requestId' in fields
  try {
    Object.assign(fields, line)
  } catch {
    for (const name of Object.keys(line)) {
      try {
        fields[name] = (line as Record<string, unknown>)[name]
      } catch {
        fields[name] = '[Unreadable]'
      }
    }
  }
  if (isNamed) fields.requestId = requestId
  return fields
}
