/** One job in the memory of this process: what the log holds of it, and how far it got. */
import type { Carrier } from '../context'
import type { JobLinks } from './links'
import type { Line } from './queues/line'
import type { UniqueKey } from './queues/unique-key'
import type { TaskPlan } from './task-plan'

export class Job {
  readonly id: string
  readonly plan: TaskPlan
  /** As in its record: see args.ts. */
  readonly args: string
  /** The context it was enqueued in. */
  carrier: Carrier
  /** The next attempt begins no earlier; epoch milliseconds. */
  runAt: number
  /** The same as it waits for it: see steady-time.ts. */
  dueAt: number
  queue: string
  /** The smallest first. */
  priority: number
  /** What no other job may be at the same time, or `null`. */
  unique: UniqueKey | null
  /** Where it waits, once it is ready, and its place in the order of those that became ready. */
  line: Line | null
  order: number
  /** Epoch milliseconds. */
  enqueuedAt: number
  /** `null` = it stands alone. */
  links: JobLinks | null
  /** Its entry in the log; -1 until it is added. */
  sequence: number
  /** Attempts that failed. */
  attempts: number
  /** Times in a row that the process died while it ran. */
  crashes: number

  constructor(id: string, plan: TaskPlan, args: string, carrier: Carrier, runAt: number) {
    this.id = id
    this.plan = plan
    this.args = args
    this.carrier = carrier
    this.runAt = runAt
    this.dueAt = runAt
    this.queue = plan.queue
    this.priority = plan.priority
    this.unique = null
    this.line = null
    this.order = 0
    this.enqueuedAt = runAt
    this.links = null
    this.sequence = -1
    this.attempts = 0
    this.crashes = 0
  }
}
