/** What the rooms, and users, may expect of a logger. */

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

export type LevelName = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
export type LogLevel = LevelName | 'silent'
export type LogFormat = 'json' | 'text'

/** `rage.logger`: the six methods, and loggers and parts of the work whose lines carry more. */
export interface ScopedLogger extends Logger {
  /** Least level that is written; may be changed at any time. */
  level: string
  isLevelEnabled(level: string): boolean
  /** A logger whose lines carry these fields. */
  child(fields: object): ScopedLogger
  /** As `child`. */
  with(fields: object): ScopedLogger
  /**
   * Runs `work`; lines written in it, also after its awaits and by jobs and events it causes, carry these fields. Calls may be
   * nested; those that run at the same time do not see each other's fields. Outside of a unit of work it opens one.
   *
   * @returns what `work` returns. @throws what it throws
   */
  with<T>(fields: object, work: () => T): T
  /** Runs the last argument as `with` does; its lines carry the tags, after those of the tagged parts around it. */
  tagged<T>(...tagsAndWork: [...tags: TagArgument[], work: () => T]): T
  /** A logger whose lines carry these tags. */
  tagged(...tags: TagArgument[]): ScopedLogger
}

/** Lists are flattened; `null`, `undefined` and empty ones are left out. */
export type TagArgument = string | number | null | undefined | readonly (string | number | null | undefined)[]
