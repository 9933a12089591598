/**
 * A logger that the application brings: pino, winston, or anything with `debug`, `info`, `warn` and `error`. Each line
 * is handed to it with the fields of the unit of work in it.
 */
import { format } from 'node:util'
import { InvalidOptionError } from '../kernel'
import type { LevelName } from './contract'

/** `info({ field: 1 }, 'message')`, as pino and bunyan have it; of winston, whose order is the other, its Logger. */
export interface ExternalLogger {
  info(...args: never[]): unknown
  warn(...args: never[]): unknown
  error(...args: never[]): unknown
}

export interface Forwarding {
  /** Takes errors as they are, not as objects to be written as JSON. */
  readonly takesErrors: boolean
  isEnabled(level: LevelName): boolean
  write(level: LevelName, fields: object, message: string | undefined, rest: readonly unknown[]): unknown
}

/** By what names other loggers know a level, the nearest first. */
const names: Readonly<Record<LevelName, readonly string[]>> = {
  trace: ['trace', 'silly', 'debug', 'verbose', 'info'],
  debug: ['debug', 'verbose', 'info'],
  info: ['info', 'notice'],
  warn: ['warn', 'warning'],
  error: ['error', 'err'],
  fatal: ['fatal', 'critical', 'crit', 'emerg', 'error', 'err'],
}

const levelNames = Object.keys(names) as readonly LevelName[]

type Method = (...args: unknown[]) => unknown
type AnyLogger = Readonly<Record<string, unknown>>

/** @throws InvalidOptionError when it lacks a method. */
export function forwardTo(external: ExternalLogger): Forwarding {
  const logger = external as unknown as AnyLogger
  const known = Object.fromEntries(
    levelNames.map((level) => [level, names[level].find((name) => typeof logger[name] === 'function')]),
  ) as Record<LevelName, string>
  const missing = levelNames.filter((level) => known[level] === undefined)
  if (missing.length > 0) {
    const expected = `a logger with the methods ${levelNames.join(', ')}; it lacks ${missing.join(', ')}`
    throw new InvalidOptionError({ option: 'createRage.logger.use', expected, given: external })
  }
  const call = (level: LevelName, args: unknown[]): unknown =>
    (logger[known[level]] as Method).apply(logger, args)
  const isMessageFirst = isWinston(logger)
  const takesErrors = isPino(logger)
  const { isLevelEnabled } = logger
  return {
    takesErrors,
    isEnabled: (level) =>
      typeof isLevelEnabled !== 'function' || isLevelEnabled.call(logger, known[level]) !== false,
    write(level, fields, message, rest) {
      if (takesErrors) return call(level, message === undefined ? [fields] : [fields, message, ...rest])
      const text = message === undefined || rest.length === 0 ? message : format(message, ...rest)
      if (isMessageFirst) return call(level, [text ?? '', fields])
      return call(level, text === undefined ? [fields] : [fields, text])
    },
  }
}

function isPino({ bindings, setBindings }: AnyLogger): boolean {
  return typeof bindings === 'function' && typeof setBindings === 'function'
}

function isWinston(logger: AnyLogger): boolean {
  return typeof logger.log === 'function' && typeof logger.configure === 'function' && 'transports' in logger
}
