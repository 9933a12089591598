/**
 * What `rage jobs` asks of a process that runs; see control.ts. Rows of a list have the fields of `JobRow`, one job those of
 * `ShownJob` (cli/jobs-view.ts), as those of a stopped process have: a list never holds arguments, which may be large.
 */
import { type Deferred, type JobState, plainArgs } from '../deferred'
import type { Commands } from './control'

export function jobCommands(deferred: Deferred): Commands {
  return {
    'jobs.stats': async () => {
      const counts = await deferred.count()
      return { pid: process.pid, ...counts, health: deferred.health(), ...deferred.queues() }
    },
    'jobs.list': ({ state = null, task = null, limit }) =>
      list(deferred, { state, task, limit: Number(limit ?? 100) }),
    'jobs.show': ({ id }) => show(deferred, String(id)),
    'jobs.retry': ({ id }) => deferred.retryDead(String(id)),
    'jobs.discard': async ({ id }) =>
      (await deferred.discardDead(String(id))) || (await deferred.cancel(String(id))),
    'jobs.pause': ({ queue }) => deferred.pause(given<string>(queue)),
    'jobs.resume': ({ queue }) => deferred.resume(given<string>(queue)),
  }
}

interface Filter {
  readonly state: unknown
  readonly task: unknown
  readonly limit: number
}

/** Whoever asks waits 10 seconds. */
const longestLookMs = 8_000

/** Of an engine, dead jobs are all that is shown here: the others are listed by its own boards. */
async function list(deferred: Deferred, { state, task, limit }: Filter): Promise<readonly object[]> {
  if (state === 'dead' && deferred.hasEngine) return deadOnEngine(deferred, { state, task, limit })
  const desk = await deferred.desk('list jobs')
  const options = {
    limit,
    ...(state === null ? {} : { state: given<JobState>(state)! }),
    ...(task === null ? {} : { task: given<string>(task)! }),
  }
  const tooLong = new AbortController()
  const timer = setTimeout(() => tooLong.abort(new Error(askForLess)), longestLookMs)
  try {
    const rows = await desk.rows(options, tooLong.signal)
    return rows.map(({ id, task, queue, state, attempt, enqueuedAt, runAt }) => {
      return { id, task, queue, state, attempt, enqueuedAt, runAt }
    })
  } finally {
    clearTimeout(timer)
  }
}

const askForLess = `looking for them takes longer than ${longestLookMs / 1_000} seconds; name a --state as well`

async function deadOnEngine(deferred: Deferred, { task, limit }: Filter): Promise<readonly object[]> {
  const dead = await deferred.deadJobs()
  const unknown = { queue: null, enqueuedAt: null, runAt: null }
  return dead
    .filter((job) => typeof task !== 'string' || job.task === task)
    .slice(0, limit)
    .map(({ id, task, attempts }) => ({ id, task, state: 'dead', attempt: attempts, ...unknown }))
}

async function show(deferred: Deferred, id: string): Promise<object | null> {
  const job = await (await deferred.desk('find a job')).show(id)
  if (job === null) return null
  return { ...job, args: plainArgs(job.args), result: job.result === null ? null : plainArgs(job.result) }
}

/** Whatever came: it is checked where it is used, and refused, since what is no name must not be taken for "all". */
function given<T>(value: unknown): T | undefined {
  return (value ?? undefined) as T | undefined
}
