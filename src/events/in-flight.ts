/** Publishes that have not ended, counted per event class: what a drain waits for. */
import type { DrainReport } from '../kernel'
import type { EventPlan } from './plan'

export class InFlight {
  #count = 0
  #ended = 0
  #whenIdle: (() => void) | null = null

  begin(plan: EventPlan): void {
    plan.running += 1
    this.#count += 1
  }

  end(plan: EventPlan): void {
    plan.running -= 1
    this.#count -= 1
    this.#ended += 1
    if (this.#count === 0) this.#whenIdle?.()
  }

  /** Resolves when nothing runs or `deadline` aborts; names the event of each publish that still runs. */
  async drain(deadline: AbortSignal, plans: Iterable<EventPlan>): Promise<DrainReport> {
    const endedBefore = this.#ended
    if (this.#count > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
        deadline.addEventListener('abort', () => resolve(), { once: true })
      })
      this.#whenIdle = null
    }
    return { finished: this.#ended - endedBefore, abandoned: this.names(plans) }
  }

  /** The event of each publish that still runs. */
  names(plans: Iterable<EventPlan>): string[] {
    return [...plans].flatMap((plan) => new Array<string>(plan.running).fill(plan.event))
  }
}
