/**
 * logger: structured lines, each with the id of the request that caused it. Writes lines; it decides
 * nothing and never fails the work it describes.
 */

export { hasGivenWay, nameAppLines } from './app-logger'
export type { LevelName, LogFormat, Logger, LogLevel, LogMethod, ScopedLogger, TagArgument } from './contract'
export type { Destination } from './destination'
export { MissingPrettyPrinterError } from './errors'
export type { ExternalLogger } from './external-logger'
export type { LogContext, LoggedUnit, LogTag } from './line-fields'
export { createLoggers, type LoggerSettings, type Loggers } from './logger'
export { createRequestLog, type RequestLog, type RequestLogFields, silenceRequest } from './request-log'
export { requestPathOf } from './serializers'
