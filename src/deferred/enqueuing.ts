/**
 * The way of a call of `enqueue` to the intake: enqueue middleware, options checked and arguments encoded, and the one
 * gate through which effects pass.
 *
 *   enqueue(Task, args) ─► middleware ─► job ─► gate ─► intake
 */
import {
  type Carrier,
  currentContext,
  currentGate,
  dumpCarrier,
  type EffectGate,
  ownRequestId,
} from '../context'
import { type Clock, InvalidOptionError } from '../kernel'
import type { Args } from './args'
import type { EngineKind } from './engine'
import { refuseOnEngine, transactionOn } from './engine-limits'
import { type EnqueueOptions, placeJob, runAtFrom, uniqueKeyOf } from './enqueue-options'
import { HeldHandles, type HeldJob, HeldJobs } from './held-handles'
import type { Intake } from './intake'
import { Job } from './job'
import { handleOf } from './job-handle'
import type { JobIds } from './job-ids'
import type { JobLinks } from './links'
import { type Chain, type EnqueuingJob, type Middlewares, throughEnqueue } from './middleware'
import type { Planner } from './planner'
import type { Slot } from './schedule/firings'
import type { EnqueuedBatch, EnqueuedJob, PlannedJob, TaskClass, TaskQueue } from './task'
import type { TaskPlan } from './task-plan'

export interface EnqueuingWorld {
  readonly clock: Clock
  readonly args: Args
  readonly ids: JobIds
  readonly middlewares: Middlewares
  readonly planner: Planner
  readonly intake: Intake
  /** `null` = jobs live in the log. */
  readonly engine: EngineKind | null
  /** @throws NotRegisteredError */
  readonly planOf: (task: TaskClass) => TaskPlan
}

/** Jobs of one task that are stored together. */
interface Stored {
  readonly plan: TaskPlan
  readonly jobs: readonly Job[]
  /** The caller's, for an engine. */
  readonly transaction: object | null
}

interface Held extends Stored {
  readonly payload: unknown
}

export class Enqueuing implements TaskQueue {
  readonly #world: EnqueuingWorld
  readonly #held = new HeldJobs()

  constructor(world: EnqueuingWorld) {
    this.#world = world
  }

  enqueue<Args>(
    task: TaskClass<Args>,
    args: Args | undefined,
    options?: EnqueueOptions,
  ): Promise<EnqueuedJob> {
    const chain = this.#world.middlewares.enqueue
    return chain === null ? this.#one(task, args, options) : this.#oneThrough(chain, task, args, options)
  }

  enqueueMany<Args>(
    task: TaskClass<Args>,
    argsList: readonly NoInfer<Args>[],
    options?: EnqueueOptions,
  ): Promise<readonly EnqueuedJob[]> {
    const chain = this.#world.middlewares.enqueue
    if (chain === null || !Array.isArray(argsList)) return this.#many(task, argsList, options)
    const planned = Array.from(argsList, (args: Args) => ({ task: task as TaskClass, args, options }))
    return this.#allThrough(chain, planned).then((ready) =>
      this.#many(
        task,
        ready.map(({ args }) => args as NoInfer<Args>),
        options,
      ),
    )
  }

  /** Takes back jobs that the transactions we are in have not let pass yet, by what was answered; `false` = there are none. */
  dropHeld(id: string): boolean {
    return this.#held.drop(id)
  }

  async batch(
    members: readonly PlannedJob[],
    options: { readonly followedBy: PlannedJob | readonly PlannedJob[] },
  ): Promise<EnqueuedBatch> {
    const { engine, ids, intake, middlewares, planner, planOf } = this.#world
    refuseOnEngine(engine, 'wait for a batch of jobs', 'Keep these jobs in the log.')
    // Holes are refused as what they read as.
    const all: readonly PlannedJob[] = Array.isArray(members) ? Array.from(members) : []
    const given = [all, [options?.followedBy ?? []].flat()] as const
    if (given.some(({ length }) => length === 0))
      throw new InvalidOptionError({
        option: 'batch',
        expected: 'members, and a job for followedBy',
        given: members,
      })
    const chain = middlewares.enqueue
    const [jobs, next] =
      chain === null ? given : await Promise.all(given.map((each) => this.#allThrough(chain, each)))
    const id = ids.next()
    const carrier = carrierHere()
    const planned = next!.map((each) => planner.record(each))
    const added = jobs!.map((each) => {
      const record = planner.record(each)
      return planner.job(planOf(each.task), record, carrier, { batch: id })
    })
    const batch = { id, total: added.length, planned, carrier }
    const handle = { id, jobs: added.map(handleOf) }
    const gate = currentGate()
    if (gate === null) return intake.storeBatch(batch, added, handle, false)
    await intake.admit(added[0]!.plan, added)
    return gate.pass<Promise<EnqueuedBatch>>({
      kind: 'job',
      target: added.map(({ plan }) => plan.name).join(),
      payload: jobs,
      perform: () => intake.storeBatch(batch, added, handle, true),
      held: () => Promise.resolve(handle),
    })
  }

  /** @throws InvalidArgsError, ArgsTooLargeError, UnknownOptionError, InvalidOptionError */
  #jobOf(
    plan: TaskPlan,
    args: unknown,
    runAt: number,
    carrier: Carrier,
    options: EnqueueOptions | undefined,
    now: number,
  ): Job {
    const { ids } = this.#world
    const text = this.#world.args.encode(plan, args)
    const job = new Job(ids.next(), plan, text, carrier, runAt)
    if (options !== undefined) {
      placeJob(job, options)
      job.enqueuedAt = now
    }
    if (plan.unique !== false || options?.unique !== undefined || options?.uniqueFor !== undefined) {
      const plain = () => this.#world.args.unsealed(plan.name, job.id, text)
      job.unique = uniqueKeyOf(plan, args, options, now, plain)
    }
    return job
  }

  /** Runs `make` inside enqueue middleware, for the job of a schedule; answers whether it went on. */
  async throughSlot(
    plan: TaskPlan,
    args: unknown,
    make: (draft: EnqueuingJob) => Promise<void>,
  ): Promise<boolean> {
    const chain = this.#world.middlewares.enqueue
    const draft: EnqueuingJob = { task: plan.name, args, options: undefined }
    if (chain === null) {
      await make(draft)
      return true
    }
    const { reached } = await chain(draft, async () =>
      make({ ...draft, options: await this.#optionsThrough(chain, draft.options) }),
    )
    return reached
  }

  /** The job of a time of a schedule; a `delay` counts from that time. @throws as `jobOf`, and for wrong options */
  slotJob(plan: TaskPlan, slot: Slot, { args, options }: EnqueuingJob): Job {
    const { clock, engine } = this.#world
    transactionOn(engine, options?.transaction)
    const runAt = runAtFrom(options, slot.at, `${plan.name} schedule`)
    const job = this.#jobOf(plan, args, runAt, carrierHere(), options, clock.now())
    job.links = { ...this.#linksTo(options?.followedBy ?? []), slot }
    return job
  }

  async #oneThrough<Args>(
    chain: Chain<EnqueuingJob>,
    task: TaskClass<Args>,
    args: Args | undefined,
    options: EnqueueOptions | undefined,
  ): Promise<EnqueuedJob> {
    const draft: EnqueuingJob = { task: this.#world.planOf(task as TaskClass).name, args, options }
    return throughEnqueue(chain, draft, async () => {
      const ready = await this.#optionsThrough(chain, draft.options)
      return this.#one(task, draft.args as Args | undefined, ready)
    })
  }

  /** The jobs that follow pass it, too. */
  async #optionsThrough(
    chain: Chain<EnqueuingJob>,
    options: EnqueueOptions | undefined,
  ): Promise<EnqueueOptions | undefined> {
    if (options?.followedBy === undefined) return options
    return { ...options, followedBy: await this.#allThrough(chain, options.followedBy) }
  }

  #allThrough(chain: Chain<EnqueuingJob>, planned: readonly PlannedJob[]): Promise<PlannedJob[]> {
    return Promise.all(
      planned.map(({ task, args, options }) => {
        const draft: EnqueuingJob = { task: this.#world.planOf(task).name, args, options }
        return throughEnqueue(chain, draft, async () => ({ task, args: draft.args, options: draft.options }))
      }),
    )
  }

  #one<Args>(
    task: TaskClass<Args>,
    args: Args | undefined,
    options: EnqueueOptions | undefined,
  ): Promise<EnqueuedJob> {
    try {
      const { clock, engine, intake, planOf } = this.#world
      const plan = planOf(task)
      const now = clock.now()
      const runAt = runAtFrom(options, now, `${plan.name}.enqueue`)
      const transaction = transactionOn(engine, options?.transaction)
      const job = this.#jobOf(plan, args, runAt, carrierHere(), options, now)
      if (options?.followedBy !== undefined) job.links = this.#linksTo(options.followedBy)
      const gate = currentGate()
      if (gate !== null)
        return this.#hold(gate, { plan, jobs: [job], payload: args, transaction }, ([handle]) => handle!)
      if (job.unique === null)
        return intake.store(plan, [job], false, () => handleOf(job), transaction, false)
      return intake.storeUnique(plan, [job], false, transaction, false).then(([handle]) => handle!)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #many<Args>(
    task: TaskClass<Args>,
    argsList: readonly NoInfer<Args>[],
    options: EnqueueOptions | undefined,
  ): Promise<readonly EnqueuedJob[]> {
    try {
      const { clock, engine, planOf } = this.#world
      const plan = planOf(task)
      if (!Array.isArray(argsList)) {
        throw new InvalidOptionError({
          option: `${plan.name}.enqueueMany`,
          expected: 'an array, one element per job',
          given: argsList,
        })
      }
      const now = clock.now()
      const runAt = runAtFrom(options, now, `${plan.name}.enqueueMany`)
      const carrier = carrierHere()
      const transaction = transactionOn(engine, options?.transaction)
      const jobs: Job[] = []
      // Not `map`, which passes over holes.
      for (const args of argsList) jobs.push(this.#jobOf(plan, args, runAt, carrier, options, now))
      if (options?.followedBy !== undefined) {
        const links = this.#linksTo(options.followedBy)
        for (const job of jobs) job.links = links
      }
      const gate = currentGate()
      if (gate !== null) return this.#hold(gate, { plan, jobs, payload: argsList, transaction }, (all) => all)
      return this.#store({ plan, jobs, transaction }, false)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Lets the jobs in now: once the gate lets them pass, nobody is there to be refused, or to wait for room. */
  #hold<Answer>(
    gate: EffectGate,
    { plan, jobs, payload, transaction }: Held,
    answer: (handles: readonly EnqueuedJob[]) => Answer,
  ): Promise<Answer> {
    const { intake } = this.#world
    const pass = (): Promise<Answer> => {
      const { handles, settle } = new HeldHandles(intake.handlesNow(jobs))
      const answered = handles.map(({ id }) => id)
      const inGate = jobs.map((): HeldJob => ({ state: 'held', before: null }))
      return gate.pass<Promise<Answer>>({
        kind: 'job',
        target: plan.name,
        payload,
        joinsTransaction: transaction !== null,
        perform: () => {
          const isLeft = inGate.map(({ state }) => state === 'held')
          for (const each of inGate) if (each.state === 'held') each.state = 'passed'
          const left = jobs.filter((_, index) => isLeft[index])
          return this.#store({ plan, jobs: left, transaction }, true).then((kept) => {
            const stored = kept.values()
            return answer(
              settle(handles.map((handle, index) => (isLeft[index] ? stored.next().value! : handle))),
            )
          })
        },
        held: () => {
          for (const [index, id] of answered.entries()) this.#held.add(id, inGate[index]!)
          return Promise.resolve(answer(handles))
        },
      })
    }
    const room = intake.admit(plan, jobs)
    return room === null ? pass() : room.then(pass)
  }

  #store({ plan, jobs, transaction }: Stored, isAdmitted: boolean): Promise<readonly EnqueuedJob[]> {
    const { intake } = this.#world
    return jobs.every(({ unique }) => unique === null)
      ? intake.store(plan, jobs, jobs.length > 1, () => jobs.map(handleOf), transaction, isAdmitted)
      : intake.storeUnique(plan, jobs, jobs.length > 1, transaction, isAdmitted)
  }

  #linksTo(followers: readonly PlannedJob[]): JobLinks | null {
    if (followers.length === 0) return null
    const { engine, planner } = this.#world
    refuseOnEngine(engine, 'enqueue a job once another is done', 'Enqueue it at the end of perform.')
    return { followedBy: followers.map((each) => planner.record(each)) }
  }
}

/** Of the unit of work that enqueues. */
function carrierHere(): Carrier {
  const context = currentContext()
  return context === null ? { id: ownRequestId() } : dumpCarrier(context)
}
