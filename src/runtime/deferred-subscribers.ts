/** Joins events and deferred: a subscriber with `static deferred = true` runs as a job of this task. */
import { type Deferred, Task } from '../deferred'
import type { Deferral, EventData, Events } from '../events'

interface Delivery {
  readonly subscriber: string
  readonly event: string
  readonly data: EventData
}

/** Registers the task with the queue and answers the port that events enqueues through. */
export function deferSubscribers(deferred: Deferred, events: () => Events): Deferral {
  // A class of its own per runtime: two runtimes of one process deliver to their own subscribers.
  class DeliverEvent extends Task<Delivery> {
    static override taskName = 'rage:deliver-event'

    override perform({ subscriber, event, data }: Delivery): Promise<void> {
      return events().perform(subscriber, event, data)
    }
  }
  deferred.register(DeliverEvent)

  return {
    async enqueue(subscriber, event, data) {
      await deferred.enqueue(DeliverEvent, { subscriber, event, data })
    },
  }
}
