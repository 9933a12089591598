/** Whether a runtime can do its work, and if not, why. */
import type { Deferred } from '../deferred'
import type { Phase } from '../kernel'
import type { CheckOptions, HealthCheck, HealthChecks } from './health-checks'

/** Why a runtime cannot do its work. */
export interface HealthProblem {
  /**
   * Short and stable: `runtime.booting`, `runtime.boot_failed`, `runtime.draining`, `runtime.stopped`, `deferred.log_full`,
   * `deferred.log_failed`, `deferred.engine_unreachable`, `deferred.queue_full`, `deferred.jobs_left`.
   */
  readonly code: string
  /** For people who run the process: may hold paths, hosts and messages of errors. */
  readonly message: string
}

export interface Health {
  readonly ok: boolean
  readonly phase: Phase
  /** The messages of `problems`. */
  readonly reasons: readonly string[]
  readonly problems: readonly HealthProblem[]
}

/** `rage.health()`: what the runtime knows of itself, at once. Checks of the application are asked by `rage.ready()` only. */
export interface HealthReport {
  (): Health
  /**
   * Adds something the application cannot do without: `rage.health.check('db', () => pool.query('select 1'))`. It fails when it
   * throws, rejects, answers `false` or takes longer than `timeoutMs`; then `rage.ready()` answers 503.
   *
   * @param name of letters, digits, `_`, `-` and `.`; shown to whoever asks. @throws DuplicateNameError, InvalidOptionError
   */
  check(name: string, check: HealthCheck, options?: CheckOptions): void
}

interface Parts {
  readonly phase: () => Phase
  /** What kept the runtime from booting, or `null`. */
  readonly bootError: () => unknown
  readonly deferred: Deferred
  readonly checks: HealthChecks
}

export function createHealth({ phase: phaseNow, bootError, deferred, checks }: Parts): HealthReport {
  const report = (): Health => {
    const phase = phaseNow()
    const problems: HealthProblem[] = []
    const failure = bootError()
    if (phase !== 'serving') problems.push(failure === null ? problemOf(phase) : bootProblem(failure))
    const { code, reason } = deferred.health()
    if (code !== null) problems.push({ code: `deferred.${code}`, message: reason ?? code })
    if (deferred.jobsLeft !== null) problems.push({ code: jobsLeftCode, message: deferred.jobsLeft })
    return { ok: problems.length === 0, phase, reasons: problems.map(({ message }) => message), problems }
  }
  return Object.assign(report, {
    check: (name: string, check: HealthCheck, options?: CheckOptions) => checks.add(name, check, options),
  })
}

/** What is served is not concerned: it keeps no process from being ready. */
export const jobsLeftCode = 'deferred.jobs_left'

function problemOf(phase: Phase): HealthProblem {
  const code = phase === 'new' || phase === 'booted' ? 'booting' : phase
  return { code: `runtime.${code}`, message: `the runtime is ${phase}` }
}

function bootProblem(error: unknown): HealthProblem {
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'runtime.boot_failed', message: `the runtime could not boot: ${message}` }
}
