/** A queue of its own for one test, on a fake clock and a disk in memory. */
import { Codecs } from '../../../src/codec'
import { CurrentAttributes, registerCurrent } from '../../../src/context'
import { Deferred, type DeferredOptions, deferredOptions, type TaskClass } from '../../../src/deferred'
import type { PayloadSeal } from '../../../src/deferred/args'
import { resolveOptions, Scope } from '../../../src/kernel'
import { createLoggers } from '../../../src/logger'
import { ErrorReports, Telemetry, type TelemetryHandlerClass } from '../../../src/telemetry'
import { FakeClock } from '../../../src/testing'
import { MemoryDisk } from './memory-log'

export interface Line {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface Setup {
  readonly codecs?: Codecs
  readonly seal?: PayloadSeal
  readonly tasks?: readonly TaskClass[]
  readonly options?: DeferredOptions
  readonly disk?: MemoryDisk
  /** Where pauses are written down. */
  readonly folder?: string
  readonly clock?: FakeClock
  readonly handlers?: readonly TelemetryHandlerClass[]
  readonly currentClasses?: readonly (abstract new () => CurrentAttributes<object>)[]
}

const running = new Set<Deferred>()

export function createDeferred(setup: Setup = {}) {
  const { disk = new MemoryDisk(), clock = new FakeClock() } = setup
  const lines: Line[] = []
  const reported: unknown[] = []
  const scope = new Scope('test')
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) }
  const { logger } = createLoggers({ level: 'debug', format: 'json', destination })
  const errors = new ErrorReports(logger)
  errors.register((error) => void reported.push(error))
  const telemetry = new Telemetry()
  for (const handler of setup.handlers ?? []) telemetry.register(handler)
  const deferred = new Deferred({
    scope,
    clock,
    logger,
    telemetry,
    errors,
    codecs: setup.codecs ?? new Codecs(),
    seal: setup.seal ?? null,
    settings: resolveOptions(deferredOptions, setup.options, 'deferred'),
    ...(setup.folder === undefined ? {} : { folder: setup.folder }),
    openLog: async () => disk.open(),
    currentClasses: () => setup.currentClasses ?? [],
  })
  for (const task of setup.tasks ?? []) deferred.register(task)
  for (const type of setup.currentClasses ?? []) registerCurrent(type, scope)
  telemetry.compile()
  running.add(deferred)
  return { deferred, disk, clock, lines, reported, scope, errors, telemetry, logger }
}

export async function bootDeferred(setup: Setup = {}) {
  const made = createDeferred(setup)
  await made.deferred.service.boot()
  made.deferred.service.serve()
  return made
}

/** For `afterEach`: classes are shared by the cases of a file, so no queue may outlive its case. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((deferred) => deferred.service.stop()))
  running.clear()
}

/** As if the process was killed: nothing it does from now on reaches the disk. */
export async function crash({ deferred, disk }: { deferred: Deferred; disk: MemoryDisk }): Promise<void> {
  disk.log.kill()
  running.delete(deferred)
  await deferred.service.stop()
}

/** Lets turns of the event loop pass until `isSo`. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (isSo()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('it did not happen')
}

/** Enough turns for anything that can run to have run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export { CurrentAttributes }
