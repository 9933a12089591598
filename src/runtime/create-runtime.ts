/** Makes a runtime from options: the only place that reads the environment. */
import { isAbsolute, resolve } from 'node:path'
import { Secrets } from '../http'
import { resolveOptions } from '../kernel'
import type { LogFormat, LogLevel } from '../logger'
import type { Host, HostedApplication, Surface, SurfaceSeed } from './host'
import { type Environment, type RageOptions, type RageSettings, rageOptions } from './options'
import { Rage } from './rage'

/** @throws UnknownOptionError, InvalidOptionError, InvalidSecretsError */
export function createRuntime(
  options: RageOptions | undefined,
  createHost: (app: HostedApplication) => Host,
  createSurface: (seed: SurfaceSeed) => Surface,
): Rage {
  return new Rage(
    settle(resolveOptions(rageOptions, options, 'createRage') as unknown as RageSettings),
    createHost,
    createSurface,
  )
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
    storage: isAbsolute(settings.storage) ? settings.storage : resolve(root, settings.storage),
    logger: {
      ...logger,
      level: logger.level === 'auto' ? levelFor(environment) : logger.level,
      format: logger.format === 'auto' ? formatFor(environment, logger.destination !== null) : logger.format,
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
function formatFor(environment: Environment, isCollected: boolean): LogFormat {
  if (environment !== 'development' || isCollected) return 'json'
  try {
    require.resolve('pino-pretty')
    return 'text'
  } catch {
    return 'json'
  }
}
