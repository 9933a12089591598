/** Makes a runtime from options: the only place that reads the environment. */
import { isAbsolute, resolve } from 'node:path'
import { Secrets } from '../http'
import { resolveOptions, warnOnce } from '../kernel'
import type { LogFormat, LogLevel } from '../logger'
import type { Host, HostedApplication, Surface, SurfaceSeed } from './host'
import { metricsSettings } from './metrics-options'
import { type Environment, type RageOptions, type RageSettings, rageOptions } from './options'
import { Rage } from './rage'

/** @throws UnknownOptionError, InvalidOptionError, InvalidSecretsError */
export function createRuntime(
  options: RageOptions | undefined,
  createHost: (app: HostedApplication) => Host,
  createSurface: (seed: SurfaceSeed) => Surface,
): Rage {
  return new Rage(settle(resolveOptions(rageOptions, options, 'createRage') as unknown as RageSettings), {
    createHost,
    createSurface,
  })
}

function settle(settings: RageSettings): RageSettings {
  const environment = environmentOf(settings.environment)
  const root = resolve(settings.root)
  const { logger } = settings
  return Object.freeze({
    ...settings,
    environment,
    root,
    secrets: secretsFrom(settings.secrets),
    metrics: metricsSettings(settings.metrics as unknown as NonNullable<RageOptions['metrics']>),
    storage: isAbsolute(settings.storage) ? settings.storage : resolve(root, settings.storage),
    logger: {
      ...logger,
      // A logger of the app's own has a level.
      level: logger.level === 'auto' && logger.use === null ? levelFor(environment) : logger.level,
      format: logger.format === 'auto' ? formatFor(environment, logger) : logger.format,
    },
  })
}

/** The given texts go no further than this: settings hold keys that cannot be printed. */
function secretsFrom(given: unknown): Secrets | null {
  if (Array.isArray(given) && given.length === 0) return null
  // Whatever else it is, its check says so.
  return new Secrets(given as readonly string[])
}

function environmentOf(given: Environment | 'auto'): Environment {
  if (given !== 'auto') return given
  const { NODE_ENV } = process.env
  return NODE_ENV === 'production' || NODE_ENV === 'test' ? NODE_ENV : 'development'
}

/** An app's own test output stays readable. */
function levelFor(environment: Environment): LogLevel {
  return environment === 'test' ? 'warn' : 'info'
}

/** Text for people, where its printer is installed and nobody collects the lines. */
function formatFor(environment: Environment, { destination, use }: RageSettings['logger']): LogFormat {
  if (environment !== 'development' || destination !== null || use !== null) return 'json'
  try {
    require.resolve('pino-pretty')
    return 'text'
  } catch {
    warnOnce(
      'RAGE_W043',
      'Log lines are JSON: for text, run "npm install --save-dev pino-pretty". Set logger.format to "json" to keep them.',
    )
    return 'json'
  }
}
