/**
 * Structured logs through pino: one logger per runtime. Every line written inside a unit of work carries its request id,
 * tags and fields; secrets are taken out; whatever fails on the way costs a warning, never the work that logs.
 */
import { isMainThread } from 'node:worker_threads'
import { type DestinationStream, pino } from 'pino'
import type { TraceSource } from '../context'
import type { Scope } from '../kernel'
import type { LogFormat, LogLevel, ScopedLogger } from './contract'
import { complain, type Destination, dropped, guardDestination, maxBufferedBytes } from './destination'
import { MissingPrettyPrinterError } from './errors'
import { type ExternalLogger, forwardTo } from './external-logger'
import { LineFields, type LogContext, type LogTag } from './line-fields'
import { ownOf } from './own-fields'
import { createRedaction, type Redact } from './redaction'
import { addScopes } from './scopes'
import { createSerializers } from './serializers'
import { forwardLines, merge, writeSafely } from './writing'

export interface LoggerSettings {
  /** `auto` = what the logger in `use` lets through, else `info`. */
  readonly level: LogLevel | 'auto'
  readonly format: LogFormat
  /** Where lines go; standard output by default. */
  readonly destination: Destination | null
  /** A logger that takes the lines instead, or `null`. */
  readonly use?: ExternalLogger | null
  readonly tags?: readonly LogTag[]
  readonly context?: readonly LogContext[]
  /** Names of further secret fields; `false` = nothing is taken out. */
  readonly redact?: readonly string[] | false
  /** Whose unit of work `with` and `tagged` open where there is none. */
  readonly scope?: Scope
  /** The span that is current, for lines to name; `null` = nobody traces. */
  readonly trace?: TraceSource | null
}

/** The logger pino-http is given. */
export type PinoLogger = pino.Logger

export interface Loggers {
  readonly logger: ScopedLogger
  /** The same one, as pino-http wants it. */
  readonly requestLogger: PinoLogger
  /** Asked at the start of each request, or `null`. */
  readonly tagsOf: LineFields['tagsOf']
  /** Writes what is still in memory; for the end of the process. */
  readonly flush: () => void
}

/** @throws MissingPrettyPrinterError, InvalidOptionError */
export function createLoggers(settings: LoggerSettings): Loggers {
  const { level, use = null, redact: names = [], tags = [], context = [], trace = null } = settings
  const lineFields = new LineFields({ tags, context, trace })
  const redact = names === false ? null : createRedaction(names)
  const serializers = createSerializers(pino.stdSerializers.err, redact)
  const forwarding = use === null ? null : forwardTo(use)
  const output = forwarding === null ? openOutput(settings) : nowhere
  const logger: PinoLogger = pino(
    {
      level: level !== 'auto' ? level : forwarding === null ? 'info' : 'trace',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { ...serializers },
      mixin: (_line, _level, from) => lineFields.of(ownOf(from)),
      mixinMergeStrategy: merge,
      ...(redact === null
        ? null
        : { formatters: { log: redact as (line: object) => Record<string, unknown> } }),
      hooks: {
        logMethod:
          forwarding === null ? writeSafely : forwardLines({ forwarding, lineFields, redact, serializers }),
      },
    },
    output.stream,
  )
  if (redact !== null) redactChildren(logger, redact)
  addScopes(logger, settings.scope ?? null)
  return { logger, requestLogger: logger, tagsOf: lineFields.tagsOf, flush: output.flush }
}

/** pino writes a child's fields once, when it is made, past what looks at lines. */
function redactChildren(logger: PinoLogger, redact: Redact): void {
  const { child } = logger
  logger.child = function (this: PinoLogger, fields: object, ...options: never[]) {
    return child.call(this, redact(fields), ...options)
  } as typeof child
}

interface Output {
  readonly stream: DestinationStream
  readonly flush: () => void
}

const nowhere: Output = { stream: { write: () => undefined }, flush: () => undefined }

function openOutput({ format, destination }: LoggerSettings): Output {
  const given = destination === null ? null : guardDestination(destination)
  if (format === 'text') {
    const { stream, flush } = given === null ? openStdout(true) : { stream: given, flush: nowhere.flush }
    const pretty = prettyPrinter()
    return { stream: { write: (line) => void stream.write(pretty(line)) }, flush }
  }
  if (given === null) return openStdout(!isMainThread)
  // Promises of `write` are seen to by the guard.
  return { stream: given as DestinationStream, flush: nowhere.flush }
}

/** How long the end of a process waits for a reader of its output that does not read. */
const flushMs = 2_000

/**
 * Not synchronous: a reader that stands still would stand the event loop still. What is in memory when the process ends is
 * written then, and in `flush`; only `kill -9` and crashes of Node itself lose it, a few milliseconds of lines.
 */
function openStdout(sync: boolean): Output {
  let flushUntil: number | null = null
  const open = (): ReturnType<typeof pino.destination> => {
    const opened = pino.destination({
      dest: 1,
      sync,
      maxLength: maxBufferedBytes,
      retryEAGAIN: () => flushUntil === null || Date.now() < flushUntil,
    })
    opened.on('drop', dropped)
    opened.on('error', (error: NodeJS.ErrnoException) => {
      complain(error)
      // Nobody will ever read it again: pino writes nothing more.
      if (error.code === 'EPIPE') return
      // Else what it holds is tried again for ever, and the process never ends.
      opened.destroy()
      stream = open()
    })
    return opened
  }
  let stream = open()
  return {
    stream: { write: (line) => void stream.write(line) },
    flush() {
      flushUntil = Date.now() + flushMs
      try {
        stream.flushSync()
      } catch (error) {
        complain(error)
      } finally {
        flushUntil = null
      }
    },
  }
}

/** pino-pretty is an optional peer: loaded when text was asked for. */
function prettyPrinter(): (line: string) => string {
  let pretty: { prettyFactory(options: object): (line: string) => string }
  try {
    pretty = require('pino-pretty')
  } catch (cause) {
    throw new MissingPrettyPrinterError({}, { cause })
  }
  return pretty.prettyFactory({ translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
}
