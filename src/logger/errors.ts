/** Errors of the logger. */
import { defineError } from '../kernel'

/** `logger.format: 'text'` needs an optional package. */
export class MissingPrettyPrinterError extends defineError('RAGE_LOGGER_NO_PRETTY', {
  what: (_: object) => 'The log format "text" needs pino-pretty, which is not installed.',
  fix: 'Run "npm install --save-dev pino-pretty", or set logger.format to "json".',
}) {}
