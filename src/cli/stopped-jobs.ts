/** The jobs of a folder whose processes are stopped: takes its logs, as a process that boots would, but runs nothing. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Pauses, pausesIn, type RestingJob, RestingJobs, type RestingState } from '../deferred'
import { type EntryLog, openLog, verifyLogs } from '../wal'
import { NoStorageError, StorageInUseError, WrongMomentError } from './errors'
import { type JobRow, type JobsView, type ListFilter, matches } from './jobs-view'
import { printNote } from './print'

export class StoppedJobs implements JobsView {
  readonly jobs: RestingJobs
  readonly #log: EntryLog
  readonly #folder: string

  private constructor(log: EntryLog, jobs: RestingJobs, folder: string) {
    this.#log = log
    this.jobs = jobs
    this.#folder = folder
  }

  /** @throws NoStorageError, StorageInUseError, StorageUnusableError */
  static async open(storage: string): Promise<StoppedJobs> {
    const folder = logsIn(storage)
    const { logs } = await verifyLogs(folder)
    const owned = logs.find(({ isOwned }) => isOwned !== false)
    if (owned !== undefined) throw new StorageInUseError({ storage, log: owned.log })
    const quiet = { info: () => undefined, warn: note, error: note }
    const log = await openLog({ folder, logger: quiet })
    return new StoppedJobs(log, await RestingJobs.in(log, Date.now()), folder)
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

  close(): Promise<void> {
    return this.#log.close()
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
