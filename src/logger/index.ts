/**
 * logger: structured lines, each with the id of the request that caused it. Writes lines; it decides
 * nothing and never fails the work it describes.
 */
export { MissingPrettyPrinterError } from './errors'
export {
  createLoggers,
  type LogFormat,
  type Logger,
  type LoggerSettings,
  type Loggers,
  type LogLevel,
  type LogMethod,
} from './logger'
export { createRequestLog, type RequestLog, type RequestLogFields } from './request-log'
