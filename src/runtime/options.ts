/** The options of `createRage`: those of the runtime itself and one group per room. */
import { type CableOptions, cableOptions } from '../cable'
import { type ContextOptions, contextOptions } from '../context'
import { type DeferredOptions, deferredOptions } from '../deferred'
import { type HttpOptions, httpOptions, type Secrets, type SessionOptions, sessionOptions } from '../http'
import { anyValue, defineOptions, flag, oneOf, type Resolved, text, wholeNumber } from '../kernel'
import type { Destination, ExternalLogger, LogContext, LogFormat, LogLevel, LogTag } from '../logger'
import type { Tracing } from '../telemetry'
import { type ConnectOptions, connectOptions } from './connect-options'
import type { MetricsOptions, MetricsSettings } from './metrics-options'
import { type ServerOptions, serverOptions } from './server-options'

export type Environment = 'development' | 'test' | 'production'

export interface LoggerOptions {
  /** Least level that is written. @defaultValue `'info'`; `'warn'` in the test environment; with `use`, that of the logger */
  level?: LogLevel | 'auto'
  /** One JSON object a line, or text for people (needs pino-pretty). @defaultValue `'json'`; `'text'` in development where pino-pretty is installed */
  format?: LogFormat | 'auto'
  /** One line per request. @defaultValue `true` */
  requests?: boolean
  /** Where lines go: anything with `write(line)`. `null` = standard output. @defaultValue `null` */
  destination?: Destination | null
  /** A logger of your own that takes the lines instead: pino, winston, or any with the six methods. `null` = none. @defaultValue `null` */
  use?: ExternalLogger | null
  /** Tags of every line: texts, and functions that are asked once per request. @defaultValue `[]` */
  tags?: readonly LogTag[]
  /** Fields of every line: an object, a function that is asked for each line, or a list of both. @defaultValue `[]` */
  context?: LogContext | readonly LogContext[]
  /** Names of fields that are secret, besides those known as such. `false` = nothing is taken out. @defaultValue `[]` */
  redact?: readonly string[] | false
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
   * Longest that one file of a folder given to `rage.load` may take to load, in ms, its top-level awaits included; `0` = no
   * limit. @defaultValue `30_000`
   */
  loadFileMs?: number
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
  context?: ContextOptions
  deferred?: DeferredOptions
  cable?: CableOptions
  /** Whether the runtime measures itself, and how: `true`, or an object with options. Off, it costs nothing. @defaultValue `false`; an exporter made before boot turns it on */
  metrics?: boolean | MetricsOptions
  /** What makes traces of requests, jobs and events: `openTelemetry()` of `rage-js/opentelemetry`. @defaultValue `null`, no traces */
  tracing?: Tracing | null
}

const loggerOptions = defineOptions<LoggerOptions>({
  level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent', 'auto'], 'auto'),
  format: oneOf(['json', 'text', 'auto'], 'auto'),
  requests: flag(true),
  destination: anyValue<Destination | null>(
    null,
    'an object with a write method, or null',
    (value) => value === null || typeof Object(value).write === 'function',
  ),
  use: anyValue<ExternalLogger | null>(
    null,
    'a logger, or null',
    (value) => value === null || typeof Object(value).info === 'function',
  ),
  tags: anyValue<readonly LogTag[]>(
    [],
    'a list of texts and functions',
    (value) =>
      Array.isArray(value) && value.every((tag) => typeof tag === 'string' || typeof tag === 'function'),
  ),
  context: anyValue<LogContext | readonly LogContext[]>(
    [],
    'an object, a function, or a list of both',
    (value) =>
      [value].flat().every((one) => typeof one === 'function' || (typeof one === 'object' && one !== null)),
  ),
  redact: anyValue<readonly string[] | false>(
    [],
    'a list of names, or false',
    (value) => value === false || (Array.isArray(value) && value.every((name) => typeof name === 'string')),
  ),
})

export const rageOptions = defineOptions<RageOptions>({
  root: text(process.cwd()),
  storage: text('storage'),
  environment: oneOf(['development', 'test', 'production', 'auto'], 'auto'),
  signals: flag(true),
  drainMs: wholeNumber({ default: 15_000, min: 0 }),
  loadFileMs: wholeNumber({ default: 30_000, min: 0, max: 2_147_483_647 }),
  // Checked by Secrets, whose errors do not show what was given.
  secrets: anyValue<readonly string[]>([], '', () => true),
  logger: loggerOptions,
  http: httpOptions,
  session: sessionOptions,
  server: serverOptions,
  connect: connectOptions,
  context: contextOptions,
  deferred: deferredOptions,
  cable: cableOptions,
  // Looked at by metricsSettings, once it is known which of the two it is.
  metrics: anyValue<boolean | MetricsOptions>(
    false,
    'true, false or an object',
    (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null),
  ),
  tracing: anyValue<Tracing | null>(
    null,
    'a tracing system, such as openTelemetry(), or null',
    (value) => value === null || typeof (value as { enter?: unknown } | undefined)?.enter === 'function',
  ),
})

/** Resolved options: every key present, `auto` settled. */
export interface RageSettings
  extends Omit<
    Resolved<RageOptions>,
    | 'secrets'
    | 'logger'
    | 'http'
    | 'session'
    | 'server'
    | 'connect'
    | 'context'
    | 'deferred'
    | 'cable'
    | 'environment'
    | 'metrics'
  > {
  readonly environment: Environment
  readonly logger: Resolved<LoggerOptions>
  /** `null` = none. */
  readonly secrets: Secrets | null
  readonly http: Resolved<HttpOptions>
  readonly session: Resolved<SessionOptions>
  readonly server: Resolved<ServerOptions>
  readonly connect: Resolved<ConnectOptions>
  readonly context: Resolved<ContextOptions>
  readonly deferred: Resolved<DeferredOptions>
  readonly cable: Resolved<CableOptions>
  readonly metrics: MetricsSettings
}
