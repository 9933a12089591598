/**
 * Jobs that are described now and enqueued later, in a chain or after a batch: checked and encoded where they are described,
 * so that nothing can be wrong with them when their time comes, and made into jobs then.
 */
import type { Carrier } from '../context'
import { type Clock, InvalidOptionError } from '../kernel'
import type { ErrorReports } from '../telemetry'
import type { Args } from './args'
import { type EnqueueOptions, placeJob, runAtFrom } from './enqueue-options'
import { UnknownTaskError } from './errors'
import { Job } from './job'
import type { JobIds } from './job-ids'
import { addedRecord, strandedRecord } from './job-record'
import type { AddedJob } from './journal'
import type { JobLinks, PlannedRecord, Succession } from './links'
import type { PlannedJob, TaskClass } from './task'
import type { TaskPlan } from './task-plan'

export interface PlannerWorld {
  readonly clock: Clock
  readonly args: Args
  readonly ids: JobIds
  readonly errors: ErrorReports
  readonly planOf: (task: TaskClass) => TaskPlan
  readonly planNamed: (task: string) => TaskPlan | undefined
}

const plannable = ['delay', 'runAt', 'queue', 'priority']

export class Planner {
  readonly #world: PlannerWorld

  constructor(world: PlannerWorld) {
    this.#world = world
  }

  /** @throws InvalidArgsError, ArgsTooLargeError, InvalidOptionError, UnknownOptionError, NotRegisteredError */
  record(planned: PlannedJob): PlannedRecord {
    const { task, args, options } = refuseInvalid(planned)
    const plan = this.#world.planOf(task)
    if (plan.unique !== false) {
      // Whether it may be enqueued would be known only when nobody is there to be told.
      throw new InvalidOptionError({
        option: `${plan.name}.with`,
        expected: 'of a task without "static unique", since nobody would be there to be told of a duplicate',
        given: plan.unique,
      })
    }
    const record = { task: plan.name, args: this.#world.args.encode(plan, args), ...optionsIn(options) }
    this.#job('', plan, record, { id: '' })
    return record
  }

  /** The job, with its time counted from now. @throws InvalidOptionError, UnknownOptionError */
  job(plan: TaskPlan, record: PlannedRecord, carrier: Carrier, links: JobLinks | null): Job {
    const job = this.#job(this.#world.ids.next(), plan, record, carrier)
    job.links = links
    return job
  }

  #job(id: string, plan: TaskPlan, { args, options }: PlannedRecord, carrier: Carrier): Job {
    const now = this.#world.clock.now()
    const job = new Job(id, plan, args, carrier, runAtFrom(options, now, `${plan.name}.with`))
    if (options !== undefined) placeJob(job, options)
    job.enqueuedAt = now
    return job
  }

  successor({ planned, carrier, outcome }: Succession): AddedJob {
    const { clock, ids, errors, planNamed } = this.#world
    const [first, ...followedBy] = planned
    const links = {
      ...(followedBy.length === 0 ? null : { followedBy }),
      ...(outcome === null ? null : { outcome }),
    }
    const plan = planNamed(first!.task)
    if (plan !== undefined) {
      const job = this.job(plan, first!, carrier, Object.keys(links).length === 0 ? null : links)
      return { id: job.id, job, record: addedRecord(job) }
    }
    const error = new UnknownTaskError({ task: first!.task, log: 'of this process' })
    errors.report(error, { task: first!.task })
    const id = ids.next()
    const now = clock.now()
    const times = { runAt: runAtFrom(first!.options, now, `${first!.task}.with`), at: now }
    return { id, job: null, record: strandedRecord(id, times, first!, links, carrier) }
  }
}

function refuseInvalid(planned: PlannedJob): PlannedJob {
  if (typeof planned?.task === 'function' && 'args' in planned) return planned
  throw new InvalidOptionError({
    option: 'followedBy',
    expected: 'jobs made by Task.with(args)',
    given: planned,
  })
}

/** As they go into the log. @throws InvalidOptionError */
function optionsIn(options: EnqueueOptions | undefined): Pick<PlannedRecord, 'options'> {
  if (options === undefined) return {}
  const other = Object.keys(options).find((key) => !plannable.includes(key))
  if (other !== undefined)
    throw new InvalidOptionError({
      option: `with.${other}`,
      expected: `left out: a job of a chain or batch takes ${plannable.join(', ')}`,
      given: Reflect.get(options, other),
    })
  const { runAt } = options
  return { options: runAt instanceof Date ? { ...options, runAt: runAt.getTime() } : options }
}
