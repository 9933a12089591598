/** The options of `createRage`: those of the runtime itself and one group per room. */
import { type CableOptions, cableOptions } from '../cable'
import { type DeferredOptions, deferredOptions } from '../deferred'
import { type HttpOptions, httpOptions, type Secrets, type SessionOptions, sessionOptions } from '../http'
import { anyValue, defineOptions, flag, oneOf, type Resolved, text, wholeNumber } from '../kernel'
import type { LogFormat, LogLevel } from '../logger'
import { type ConnectOptions, connectOptions } from './connect-options'
import { type ServerOptions, serverOptions } from './server-options'

export type Environment = 'development' | 'test' | 'production'

export interface LoggerOptions {
  /** Least level that is written. @defaultValue `'info'`; `'warn'` in the test environment */
  level?: LogLevel | 'auto'
  /** One JSON object a line, or text for people (needs pino-pretty). @defaultValue `'json'`; `'text'` in development where pino-pretty is installed */
  format?: LogFormat | 'auto'
  /** One line per request. @defaultValue `true` */
  requests?: boolean
  /** Where lines go: anything with `write(line)`. `null` = standard output. @defaultValue `null` */
  destination?: { write(line: string): void } | null
}

export interface RageOptions {
  /** Folder of the application; relative paths start here. @defaultValue `process.cwd()` */
  root?: string
  /** Folder for the jobs' log, absolute or below `root`. Made when missing. @defaultValue `'storage'` */
  storage?: string
  /** What counts as production. @defaultValue `NODE_ENV`, else `'development'` */
  environment?: Environment | 'auto'
  /** Drain on SIGTERM and SIGINT, then let the signal take its course. @defaultValue `true` */
  signals?: boolean
  /** Time for requests, sockets and jobs to finish in `stop()`, in ms; `0` = do not wait. @defaultValue `15_000` */
  drainMs?: number
  /**
   * What signs and encrypts cookies and the session: random texts of at least 32 characters each, the newest first. The first
   * writes, all read, so that one can be replaced without logging anybody out. `[]` = none. @defaultValue `[]`
   */
  secrets?: readonly string[]
  logger?: LoggerOptions
  http?: HttpOptions
  session?: SessionOptions
  server?: ServerOptions
  connect?: ConnectOptions
  deferred?: DeferredOptions
  cable?: CableOptions
}

const loggerOptions = defineOptions<LoggerOptions>({
  level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent', 'auto'], 'auto'),
  format: oneOf(['json', 'text', 'auto'], 'auto'),
  requests: flag(true),
  destination: anyValue<{ write(line: string): void } | null>(
    null,
    'an object with a write method, or null',
    (value) => value === null || typeof (value as { write?: unknown }).write === 'function',
  ),
})

export const rageOptions = defineOptions<RageOptions>({
  root: text(process.cwd()),
  storage: text('storage'),
  environment: oneOf(['development', 'test', 'production', 'auto'], 'auto'),
  signals: flag(true),
  drainMs: wholeNumber({ default: 15_000, min: 0 }),
  // Checked by Secrets, whose errors do not show what was given.
  secrets: anyValue<readonly string[]>([], '', () => true),
  logger: loggerOptions,
  http: httpOptions,
  session: sessionOptions,
  server: serverOptions,
  connect: connectOptions,
  deferred: deferredOptions,
  cable: cableOptions,
})

/** Resolved options: every key present, `auto` settled. */
export interface RageSettings
  extends Omit<
    Resolved<RageOptions>,
    'secrets' | 'logger' | 'http' | 'session' | 'server' | 'connect' | 'deferred' | 'cable' | 'environment'
  > {
  readonly environment: Environment
  readonly logger: Resolved<LoggerOptions>
  /** `null` = none. */
  readonly secrets: Secrets | null
  readonly http: Resolved<HttpOptions>
  readonly session: Resolved<SessionOptions>
  readonly server: Resolved<ServerOptions>
  readonly connect: Resolved<ConnectOptions>
  readonly deferred: Resolved<DeferredOptions>
  readonly cable: Resolved<CableOptions>
}
