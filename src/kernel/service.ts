/**
 * The one lifecycle. Every part that holds a resource is a Service; no other start/stop vocabulary exists.
 *
 *   new ── boot() ──► booted ── serve() ──► serving ── drain() ──► draining ── stop() ──► stopped
 *    └────────────────────────── stop() from any phase ──────────────────────────────────────┘
 */
import { LifecycleError } from './errors'

export type Phase = 'new' | 'booted' | 'serving' | 'draining' | 'stopped'

/** What a drain achieved: how many units finished, and the names of those that did not. */
export interface DrainReport {
  readonly finished: number
  readonly abandoned: readonly string[]
}

export interface Service {
  readonly name: string
  readonly phase: Phase
  /** Acquire: open files, replay, allocate. Accepts no work yet. If it rejects, the caller calls stop(). */
  boot(): Promise<void>
  /** Open the door. Synchronous and cannot fail: whatever can fail failed in boot(). */
  serve(): void
  /** Refuse new work, finish accepted work until `deadline` aborts, report the rest. Never rejects. */
  drain(deadline: AbortSignal): Promise<DrainReport>
  /** Release everything acquired. Any phase, any number of times: one promise for all callers. */
  stop(): Promise<void>
}

/** What a part does in each step; steps it does not need are left out. `stop` also runs where nothing has booted. */
export interface ServiceSteps {
  readonly boot?: () => void | Promise<void>
  readonly serve?: () => void
  readonly drain?: (deadline: AbortSignal) => Promise<DrainReport>
  readonly stop?: () => void | Promise<void>
}

const nothingDrained: DrainReport = Object.freeze({ finished: 0, abandoned: Object.freeze([]) })

/** Turns steps into a Service: phases are enforced here, so that no part has to. */
export function createService(name: string, steps: ServiceSteps): Service {
  let phase: Phase = 'new'
  let booting: Promise<void> | null = null
  let draining: Promise<DrainReport> | null = null
  let stopping: Promise<void> | null = null

  return {
    name,
    get phase() {
      return phase
    },

    boot() {
      if (phase === 'draining' || stopping !== null)
        return Promise.reject(new LifecycleError({ name, phase, wanted: 'boot' }))
      booting ??= (async () => {
        await steps.boot?.()
        if (stopping === null) phase = 'booted'
      })()
      return booting
    },

    serve() {
      if (phase === 'serving') return
      if (phase !== 'booted') throw new LifecycleError({ name, phase, wanted: 'serve' })
      phase = 'serving'
      steps.serve?.()
    },

    drain(deadline) {
      if (phase !== 'booted' && phase !== 'serving') return draining ?? Promise.resolve(nothingDrained)
      phase = 'draining'
      draining = steps.drain === undefined ? Promise.resolve(nothingDrained) : steps.drain(deadline)
      return draining
    },

    stop() {
      stopping ??= (async () => {
        // A boot under way acquires things; release them after it, whether it worked or not.
        await booting?.catch(() => undefined)
        phase = 'stopped'
        await steps.stop?.()
      })()
      return stopping
    },
  }
}
