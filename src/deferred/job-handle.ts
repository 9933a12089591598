/** What callers get for a job. */
import type { Job } from './job'
import type { EnqueuedJob } from './task'

export function handleOf(job: Job): EnqueuedJob {
  return { id: job.id, task: job.plan.name, runAt: job.runAt, duplicate: false }
}
