/** The jobs of a folder whose processes are stopped: takes its logs, as a process that boots would, but runs nothing. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type RestingJob, RestingJobs } from '../deferred'
import { type EntryLog, openLog, verifyLogs } from '../wal'
import { NoStorageError, StorageInUseError, WrongMomentError } from './errors'
import { type JobRow, type JobsView, type ListFilter, matches } from './jobs-view'
import { printNote } from './print'

export class StoppedJobs implements JobsView {
  readonly jobs: RestingJobs
  readonly #log: EntryLog

  private constructor(log: EntryLog, jobs: RestingJobs) {
    this.#log = log
    this.jobs = jobs
  }

  /** @throws NoStorageError, StorageInUseError, StorageUnusableError */
  static async open(storage: string): Promise<StoppedJobs> {
    const folder = logsIn(storage)
    const { logs } = await verifyLogs(folder)
    const owned = logs.find(({ isOwned }) => isOwned !== false)
    if (owned !== undefined) throw new StorageInUseError({ storage, log: owned.log })
    const quiet = { info: () => undefined, warn: note, error: note }
    const log = await openLog({ folder, logger: quiet })
    return new StoppedJobs(log, await RestingJobs.in(log, Date.now()))
  }

  async list(filter: ListFilter): Promise<readonly JobRow[]> {
    const rows = this.jobs.jobs.map(rowOf)
    return rows.filter((row) => matches(row, filter)).slice(0, filter.limit)
  }

  async show(id: string): Promise<JobRow | null> {
    const job = this.jobs.find(id)
    return job === null
      ? null
      : { ...rowOf(job), args: shownArgs(job.args), death: job.death, diedAt: job.diedAt }
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
    const counts: Record<string, number> = { waiting: 0, delayed: 0, interrupted: 0, dead: 0 }
    for (const { state } of this.jobs.jobs) counts[state]! += 1
    return { processes: [], ...counts, others: this.jobs.others, unreadable: this.jobs.unreadable }
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}

/** @throws NoStorageError */
export function logsIn(storage: string): string {
  const folder = join(storage, 'deferred')
  if (!existsSync(folder)) throw new NoStorageError({ storage })
  return folder
}

function rowOf({ id, task, state, runAt, attempts, queue, priority }: RestingJob): JobRow {
  return { id, task, state, attempt: attempts, runAt: state === 'dead' ? null : runAt, queue, priority }
}

/** What follows it, and who waits for it, only a process that runs keeps count of. */
function refuseLinked({ isLinked }: RestingJob, command: string): void {
  if (isLinked)
    throw new WrongMomentError({ command, needs: 'a process that runs, for a job of a chain or batch' })
}

/** Plain JSON as it is; what is tagged or encrypted only its process can read. */
function shownArgs(args: string): unknown {
  if (args === '') return null
  return /^[#!]/.test(args) ? '(not plain JSON)' : JSON.parse(args)
}

function note(_facts: unknown, message?: string): void {
  if (message !== undefined) printNote(message)
}
