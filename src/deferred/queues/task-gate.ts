/** The gate of one task, and the lines that wait before it. */
import type { Clock } from '../../kernel'
import type { TaskPlan } from '../task-plan'
import { Gate } from './gate'
import type { Line } from './line'

export class TaskGate {
  readonly plan: TaskPlan
  readonly gate: Gate
  #shut: Line[] = []

  /** @param opened receives the lines that may run again. */
  constructor(clock: Clock, plan: TaskPlan, opened: (lines: readonly Line[]) => void) {
    this.plan = plan
    this.gate = new Gate(clock, plan, () => {
      const lines = this.#shut
      this.#shut = []
      opened(lines)
    })
  }

  /** The line has jobs, and the gate was found shut. */
  shutOut(line: Line): void {
    this.#shut.push(line)
  }
}
