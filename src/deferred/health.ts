/** Why jobs are not accepted: what a health endpoint asks. */
import type { LogHealth } from '../wal'

/** Whether jobs are accepted. */
export interface DeferredHealth {
  readonly ok: boolean
  /** In short. */
  readonly code: 'log_full' | 'log_failed' | 'engine_unreachable' | 'queue_full' | null
  /** In words that may name hosts and folders. */
  readonly reason: string | null
}

const accepting: DeferredHealth = { ok: true, code: null, reason: null }

/** @param trouble what keeps it from its server, or `null`. */
export function healthOfEngine(trouble: string | null): DeferredHealth {
  return trouble === null ? accepting : { ok: false, code: 'engine_unreachable', reason: trouble }
}

/**
 * @param log     `null` while it is not open.
 * @param waiting jobs that wait, delayed ones included.
 */
export function healthOfLog(log: LogHealth | null, waiting: number, maxQueued: number): DeferredHealth {
  if (log !== null && log.state !== 'ok') {
    const code = log.state === 'full' ? 'log_full' : 'log_failed'
    return { ok: false, code, reason: log.reason?.message ?? `the log is ${log.state}` }
  }
  if (waiting < maxQueued) return accepting
  const reason = `${maxQueued} jobs wait, as many as deferred.maxQueued allows`
  return { ok: false, code: 'queue_full', reason }
}
