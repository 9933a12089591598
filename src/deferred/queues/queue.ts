/** One queue: its lines by task, those of them that may run, and its own gate. */
import type { Clock } from '../../kernel'
import type { Job } from '../job'
import type { TaskPlan } from '../task-plan'
import { Gate, type GateLimits } from './gate'
import { Line } from './line'
import { LineHeap } from './line-heap'
import type { TaskGate } from './task-gate'

export class Queue {
  readonly name: string
  readonly gate: Gate
  /** Named by an option or a task: it stays when it is empty. */
  isKept: boolean
  /** It is among those that are asked for jobs. */
  isListed = false
  /** Jobs in its lines. */
  waiting = 0
  /** Jobs whose time has not come. */
  delayed = 0
  readonly #lines = new Map<TaskPlan, Line>()
  readonly #ready = new LineHeap()

  constructor(
    name: string,
    clock: Clock,
    limits: GateLimits,
    isKept: boolean,
    opened: (queue: Queue) => void,
  ) {
    this.name = name
    this.isKept = isKept
    this.gate = new Gate(clock, limits, () => opened(this))
  }

  /** There are jobs that its tasks let run, as far as is known. */
  get hasReady(): boolean {
    return this.#ready.size > 0
  }

  get isEmpty(): boolean {
    return this.waiting === 0 && this.delayed === 0 && this.gate.active === 0
  }

  lineOf(task: TaskGate): Line {
    let line = this.#lines.get(task.plan)
    if (line === undefined) {
      line = new Line(this, task)
      this.#lines.set(task.plan, line)
    }
    return line
  }

  /** Task by task, the next ones of each first. */
  *[Symbol.iterator](): IterableIterator<Job> {
    for (const line of this.#lines.values()) yield* line
  }

  push(line: Line, job: Job): void {
    line.push(job)
    this.#grew(line)
  }

  giveBack(line: Line, job: Job): void {
    line.giveBack(job)
    this.#grew(line)
  }

  /** The next job whose task lets it run, or `null`. */
  take(): Job | null {
    const ready = this.#ready
    for (let line = ready.first; line !== null; line = ready.first) {
      if (!line.task.gate.admits()) {
        ready.remove(line)
        line.task.shutOut(line)
        continue
      }
      const job = line.take()!
      this.waiting -= 1
      if (line.size === 0) ready.remove(line)
      else ready.update(line)
      return job
    }
    return null
  }

  /** Its task lets it run again. */
  admit(line: Line): void {
    if (line.size > 0 && line.index === -1) this.#ready.add(line)
  }

  /** The earliest time a waiting job could have run, epoch milliseconds; infinite when none waits. */
  oldest(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const line of this.#lines.values()) oldest = Math.min(oldest, line.oldest())
    return oldest
  }

  #grew(line: Line): void {
    this.waiting += 1
    if (line.index !== -1) this.#ready.update(line)
    // One that waits before the gate of its task is brought back by it; it had jobs already.
    else if (line.size === 1 || !line.task.gate.isAwaited) this.#ready.add(line)
  }
}
