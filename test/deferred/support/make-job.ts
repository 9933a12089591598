/** Jobs for tests of what holds jobs: nothing of them is in a log, and nothing runs. */
import { Task } from '../../../src/deferred'
import { Job } from '../../../src/deferred/job'
import { compileTask } from '../../../src/deferred/task-plan'

class Idle extends Task {
  override perform(): void {}
}

const plan = compileTask(Idle)

export function makeJob(id: string, facts: Partial<Job> = {}): Job {
  return Object.assign(new Job(id, facts.plan ?? plan, '', { id }, 0), facts)
}
