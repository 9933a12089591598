/** One job in the memory of this process: what the log holds of it, and how far it got. */
import type { Carrier } from '../context'
import type { TaskPlan } from './task-plan'

export class Job {
  readonly id: string
  readonly plan: TaskPlan
  /** JSON text, or empty when the task takes no arguments. */
  readonly args: string
  /** The context it was enqueued in. */
  readonly carrier: Carrier
  /** The next attempt begins no earlier; epoch milliseconds. */
  runAt: number
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
    this.sequence = -1
    this.attempts = 0
    this.crashes = 0
  }
}
