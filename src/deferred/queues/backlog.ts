/**
 * The jobs that could run now, and which of them is next:
 *
 *   queues in turn, one job each ─► the task whose first job has the smallest priority, then the oldest ─► that job
 *
 * - In turn, so that no queue waits for another, however long that is.
 * - A queue or task that may start nothing (see gate.ts) is set aside whole, with all its jobs, until its gate opens:
 *   what a turn costs does not depend on how many wait there.
 */
import type { Clock } from '../../kernel'
import type { Job } from '../job'
import type { TaskPlan } from '../task-plan'
import type { GateLimits } from './gate'
import type { Line } from './line'
import { Queue } from './queue'
import { TaskGate } from './task-gate'

export interface BacklogWorld {
  readonly clock: Clock
  /** Limits of the queues that have some. */
  readonly queues: ReadonlyMap<string, GateLimits>
  readonly pauses: { has(queue: string): boolean; readonly names: Iterable<string> }
  /** A gate has opened. */
  readonly opened: () => void
}

/** One queue in figures. */
export interface QueueStats {
  /** Could run now and wait for a slot. */
  readonly queued: number
  readonly running: number
  /** Wait for their time, retries included. */
  readonly delayed: number
  readonly paused: boolean
  /** How long ago the oldest of the queued could have run; 0 when there is none. */
  readonly oldestMs: number
}

const noLimits: GateLimits = { concurrency: null, rateLimit: null }

export class Backlog {
  /** Jobs waiting, in all queues. */
  size = 0
  readonly #world: BacklogWorld
  readonly #queues = new Map<string, Queue>()
  readonly #tasks = new Map<TaskPlan, TaskGate>()
  /** The queues that are asked for jobs, in turn. */
  readonly #listed: Queue[] = []
  #turn = 0
  #pushed = 0

  constructor(world: BacklogWorld) {
    this.#world = world
    for (const name of [...world.queues.keys(), ...world.pauses.names]) this.#queueNamed(name)
  }

  /** There may be something to take. */
  get hasReady(): boolean {
    return this.#listed.length > 0
  }

  /** Queue by queue, task by task, the next ones of each first. */
  *[Symbol.iterator](): IterableIterator<Job> {
    for (const queue of this.#queues.values()) yield* queue
  }

  push(job: Job): void {
    const line = this.#lineOf(job)
    job.line = line
    job.order = ++this.#pushed
    this.size += 1
    line.queue.push(line, job)
    this.#list(line.queue)
  }

  // Hot path: bench/jobs.mjs.
  /** The next job, let in by its gates, or `null`. It is then `begun`, and at last `left`; or else `givenBack`. */
  take(): Job | null {
    const listed = this.#listed
    while (listed.length > 0) {
      if (this.#turn >= listed.length) this.#turn = 0
      const queue = listed[this.#turn]!
      const job = queue.gate.admits() ? queue.take() : null
      if (job !== null) {
        this.#turn += 1
        this.size -= 1
        enter(job.line!)
        return job
      }
      queue.isListed = false
      listed.splice(this.#turn, 1)
    }
    return null
  }

  /** Lets in a job that does not wait here; `false` = its gates are shut, and `opened` will be called. */
  letIn(job: Job): boolean {
    const line = this.#lineOf(job)
    if (!line.queue.gate.admits() || !line.task.gate.admits()) return false
    job.line = line
    enter(line)
    return true
  }

  /** A job that was let in may begin, as far as pauses and waits of after that go. */
  mayBegin({ line }: Job): boolean {
    return !line!.queue.gate.isHeld && !line!.task.gate.isHeld
  }

  begun({ line }: Job): void {
    line!.queue.gate.begin()
    line!.task.gate.begin()
  }

  /** A job that was taken and has not begun waits again, where it was. */
  giveBack(job: Job): void {
    const line = job.line!
    this.size += 1
    line.queue.giveBack(line, job)
    this.turnBack(job)
    this.#list(line.queue)
  }

  /** A job that was let in and has not begun will not. */
  turnBack({ line }: Job): void {
    line!.queue.gate.turnBack()
    line!.task.gate.turnBack()
  }

  left({ line }: Job): void {
    const { queue, task } = line!
    queue.gate.leave()
    task.gate.leave()
    this.#tidy(queue)
  }

  /** The job did run, and shall run again before those that came after it; its task waits `ms`. */
  postpone(job: Job, ms: number): void {
    const line = job.line!
    line.task.gate.hold(ms)
    this.size += 1
    line.queue.giveBack(line, job)
    this.#list(line.queue)
  }

  /** A job of the queue waits for its time, or no longer. */
  delayed(name: string, change: 1 | -1): void {
    const queue = this.#queueNamed(name)
    queue.delayed += change
    if (change < 0) this.#tidy(queue)
  }

  /** The pauses have changed. */
  pausesChanged(): void {
    for (const name of this.#world.pauses.names) this.#queueNamed(name)
    for (const queue of this.#queues.values()) {
      this.#setPause(queue)
      this.#tidy(queue)
    }
  }

  /** No timer is armed from now on. */
  close(): void {
    for (const { gate } of this.#queues.values()) gate.close()
    for (const { gate } of this.#tasks.values()) gate.close()
  }

  /** @param elsewhere counts for jobs of the queue that could run and wait in another place. */
  stats(elsewhere: ReadonlyMap<string, number>): Record<string, QueueStats> {
    const now = this.#world.clock.now()
    for (const name of elsewhere.keys()) this.#queueNamed(name)
    const figures = (queue: Queue): QueueStats => {
      const { name, waiting, delayed, gate } = queue
      const oldest = queue.oldest()
      return {
        queued: waiting + gate.active - gate.running + (elsewhere.get(name) ?? 0),
        running: gate.running,
        delayed,
        paused: gate.isPaused,
        oldestMs: oldest === Number.POSITIVE_INFINITY ? 0 : Math.max(0, now - oldest),
      }
    }
    return Object.fromEntries([...this.#queues].map(([name, queue]) => [name, figures(queue)]))
  }

  #lineOf({ queue: name, plan }: Job): Line {
    const queue = this.#queueNamed(name)
    if (name === plan.queue) queue.isKept = true
    return queue.lineOf(this.#taskOf(plan))
  }

  #queueNamed(name: string): Queue {
    let queue = this.#queues.get(name)
    if (queue === undefined) {
      const limits = this.#world.queues.get(name)
      queue = new Queue(name, this.#world.clock, limits ?? noLimits, limits !== undefined, this.#queueOpened)
      this.#queues.set(name, queue)
      this.#setPause(queue)
    }
    return queue
  }

  #taskOf(plan: TaskPlan): TaskGate {
    let task = this.#tasks.get(plan)
    if (task === undefined) {
      task = new TaskGate(this.#world.clock, plan, this.#taskOpened)
      this.#tasks.set(plan, task)
    }
    return task
  }

  #setPause(queue: Queue): void {
    const { gate, name } = queue
    const isPaused = this.#world.pauses.has(name)
    if (isPaused === gate.isPaused) return
    if (isPaused) gate.pause()
    else gate.resume()
  }

  readonly #queueOpened = (queue: Queue): void => {
    this.#list(queue)
    this.#world.opened()
  }

  readonly #taskOpened = (lines: readonly Line[]): void => {
    for (const line of lines) {
      line.queue.admit(line)
      this.#list(line.queue)
    }
    this.#world.opened()
  }

  #list(queue: Queue): void {
    if (queue.isListed || !queue.hasReady || queue.gate.isAwaited) return
    queue.isListed = true
    this.#listed.push(queue)
  }

  /** A queue that only jobs name goes with the last of them: there may be one for each customer. */
  #tidy(queue: Queue): void {
    if (queue.isKept || !queue.isEmpty || queue.gate.isPaused) return
    queue.gate.close()
    this.#queues.delete(queue.name)
  }
}

function enter({ queue, task }: Line): void {
  queue.gate.enter()
  task.gate.enter()
}
