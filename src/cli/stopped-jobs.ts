/**
 * The jobs of a folder whose processes are stopped. To show them its logs are only read; to change them it takes the logs, as a
 * process that boots would, but runs nothing.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  type Pauses,
  pausesIn,
  plainArgs,
  type RestingJob,
  RestingJobs,
  type RestingState,
} from '../deferred'
import { type EntryLog, type LogSettings, type LogsSeen, lookAtLogs, openLog } from '../wal'
import { DiskFullError, NoStorageError, OtherUserError, StorageInUseError, WrongMomentError } from './errors'
import { type JobRow, type JobsView, type ListFilter, matches, type ShownJob } from './jobs-view'
import { printNote } from './print'

/** A log asks once a second whether there is room again. */
const roomMs = 3_000
const roomPauseMs = 50

export class StoppedJobs implements JobsView {
  readonly jobs: RestingJobs
  /** `null` = they are only looked at. */
  readonly #log: EntryLog | null
  readonly #folder: string

  private constructor(log: EntryLog | null, jobs: RestingJobs, folder: string) {
    this.#log = log
    this.jobs = jobs
    this.#folder = folder
  }

  /** To show them: writes nothing. @throws NoStorageError, StorageInUseError */
  static async seen(storage: string): Promise<StoppedJobs> {
    const settings = settingsFor(storage)
    const { recovered } = await unowned(storage, settings)
    const jobs = await RestingJobs.seen(recovered, Date.now())
    // A process that booted meanwhile has changed what was being read.
    await unowned(storage, settings)
    return new StoppedJobs(null, jobs, settings.folder)
  }

  /** To change them. @throws NoStorageError, StorageInUseError, OtherUserError, StorageUnusableError */
  static async open(storage: string): Promise<StoppedJobs> {
    const settings = settingsFor(storage)
    const { logs } = await unowned(storage, settings)
    const user = process.geteuid?.()
    const other = logs.find(({ uid }) => user !== undefined && uid !== user)
    if (other !== undefined) throw new OtherUserError({ storage, owner: other.uid, user: user! })
    const log = await openLog(settings)
    return new StoppedJobs(log, await RestingJobs.in(log, Date.now()), settings.folder)
  }

  async list(filter: ListFilter): Promise<readonly JobRow[]> {
    const rows = this.jobs.jobs.map(rowOf)
    return rows.filter((row) => matches(row, filter)).slice(0, filter.limit)
  }

  async show(id: string): Promise<ShownJob | null> {
    const job = this.jobs.find(id)
    if (job === null) return null
    const { priority, error, reason, diedAt } = job
    const none = { progress: null, result: null }
    return { ...rowOf(job), priority, args: plainArgs(job.args), ...none, error, reason, diedAt }
  }

  async retry(id: string): Promise<boolean> {
    const job = this.jobs.find(id)
    if (job?.state !== 'dead') return false
    refuseLinked(job, 'retry')
    await this.jobs.retry(job, Date.now())
    return true
  }

  async discard(id: string): Promise<boolean> {
    const job = this.jobs.find(id)
    if (job === null) return false
    if (job.state !== 'dead') refuseLinked(job, 'discard')
    await this.jobs.forget([job])
    return true
  }

  pause(): Promise<void> {
    return Promise.reject(new WrongMomentError({ command: 'pause', needs: 'a process that runs' }))
  }

  resume(): Promise<void> {
    return Promise.reject(new WrongMomentError({ command: 'resume', needs: 'a process that runs' }))
  }

  async stats(): Promise<Readonly<Record<string, unknown>>> {
    const pauses = await readPauses(this.#folder)
    const counts = noJobs()
    // Those that are paused by their names are told of when nothing waits there, too.
    const queues = new Map([...(pauses?.names ?? [])].map((name) => [name, noJobs()]))
    for (const { state, queue } of this.jobs.jobs) {
      counts[state] += 1
      const inQueue = queues.get(queue) ?? noJobs()
      inQueue[state] += 1
      queues.set(queue, inQueue)
    }
    const { others, unreadable } = this.jobs
    const rows = [...queues].map(([name, each]) => [name, { ...each, paused: pauses?.has(name) ?? null }])
    const paused = pauses?.all ?? null
    return { processes: [], ...counts, others, unreadable, paused, queues: Object.fromEntries(rows) }
  }

  /** Resolves when all that was done is on disk. @throws DiskFullError */
  async written(): Promise<void> {
    for (let waitedMs = 0; this.#log?.health.state === 'full'; waitedMs += roomPauseMs) {
      if (waitedMs >= roomMs) throw new DiskFullError({ storage: dirname(this.#folder) })
      await new Promise((resolve) => setTimeout(resolve, roomPauseMs))
    }
  }

  async close(): Promise<void> {
    await this.#log?.close()
  }
}

function noJobs(): Record<RestingState, number> {
  return { waiting: 0, delayed: 0, interrupted: 0, dead: 0 }
}

/** `null` = the file cannot be read: no reason to count no jobs. */
async function readPauses(folder: string): Promise<Pauses | null> {
  try {
    return await pausesIn(folder)
  } catch (error) {
    printNote(`which queues are paused cannot be read: ${(error as Error).message}`)
    return null
  }
}

/** @throws NoStorageError */
export function logsIn(storage: string): string {
  const folder = join(storage, 'deferred')
  if (!existsSync(folder)) throw new NoStorageError({ storage })
  return folder
}

function settingsFor(storage: string): LogSettings {
  return { folder: logsIn(storage), logger: { info: () => undefined, warn: note, error: note } }
}

/** @throws StorageInUseError */
async function unowned(storage: string, settings: LogSettings): Promise<LogsSeen> {
  const seen = await lookAtLogs(settings)
  const owned = seen.logs.find(({ isOwned }) => isOwned !== false)
  if (owned !== undefined) throw new StorageInUseError({ storage, log: owned.log })
  return seen
}

function rowOf({ id, task, queue, state, attempts, enqueuedAt, runAt }: RestingJob): JobRow {
  return { id, task, queue, state, attempt: attempts, enqueuedAt, runAt: state === 'dead' ? null : runAt }
}

/** What follows it, and who waits for it, only a process that runs keeps count of. */
function refuseLinked({ isLinked }: RestingJob, command: string): void {
  if (isLinked)
    throw new WrongMomentError({ command, needs: 'a process that runs, for a job of a chain or batch' })
}

function note(_facts: unknown, message?: string): void {
  if (message !== undefined) printNote(message)
}
