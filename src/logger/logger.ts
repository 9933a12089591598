/**
 * Structured logs through pino. Every line written inside a unit of work carries its request id, tags and
 * fields; a line written outside carries none.
 */
import { type DestinationStream, pino } from 'pino'
import { currentContext } from '../context'
import { MissingPrettyPrinterError } from './errors'

/** The six methods every room calls; pino and most other loggers have them. */
export interface Logger {
  trace: LogMethod
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
  fatal: LogMethod
}

/** `log(message)` or `log(fields, message)`; an error goes under the key `err`. */
export interface LogMethod {
  (fields: object, message?: string): void
  (message: string): void
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
export type LogFormat = 'json' | 'text'

export interface LoggerSettings {
  readonly level: LogLevel
  readonly format: LogFormat
  /** Where lines go; standard output by default. */
  readonly destination: DestinationStream | null
}

/** The logger pino-http is given. */
export type PinoLogger = pino.Logger

/** The two loggers of a runtime: one that reads the context, one for lines that bring their own id. */
export interface Loggers {
  readonly logger: Logger
  /** For pino-http, whose lines are written after the context is gone and carry `requestId` themselves. */
  readonly requestLogger: PinoLogger
}

export function createLoggers(settings: LoggerSettings): Loggers {
  const destination =
    settings.destination ?? (settings.format === 'text' ? prettyStream() : pino.destination(1))
  const base = {
    level: settings.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: serializeError },
  }
  return {
    logger: pino({ ...base, mixin: contextFields }, destination),
    requestLogger: pino(base, destination),
  }
}

/** pino's own writes on the error it serialises, which a frozen one refuses: a log line never fails. */
function serializeError(error: Error): object {
  try {
    return pino.stdSerializers.err(error)
  } catch {
    return { type: error.name, message: error.message, stack: error.stack }
  }
}

function contextFields(): object {
  const context = currentContext()
  if (context === null) return {}
  const { requestId, tags, fields } = context
  if (tags.length === 0 && fields === null) return { requestId }
  return { requestId, ...(tags.length === 0 ? null : { tags }), ...fields }
}

/** pino-pretty is an optional peer: loaded when text was asked for. */
function prettyStream(): DestinationStream {
  let pretty: (options: object) => DestinationStream
  try {
    pretty = require('pino-pretty')
  } catch (cause) {
    throw new MissingPrettyPrinterError({}, { cause })
  }
  return pretty({ sync: true, destination: 1, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
}
