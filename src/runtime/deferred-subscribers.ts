/** Joins events and deferred: a subscriber with `static deferred = true` runs as a job of this task. */
import { type Deferred, Task, UnrunnableError } from '../deferred'
import {
  type Deferral,
  type EventData,
  type Events,
  UnknownEventError,
  UnknownSubscriberError,
} from '../events'

interface Delivery {
  readonly subscriber: string
  readonly event: string
  readonly data: EventData
}

/** The classes are gone, or not there yet: no further attempt of this process can help. */
function isOfAnotherVersion(error: unknown): error is UnknownSubscriberError | UnknownEventError {
  return error instanceof UnknownSubscriberError || error instanceof UnknownEventError
}

/** Registers the task with the queue and answers the port that events enqueues through. */
export function deferSubscribers(deferred: Deferred, events: () => Events): Deferral {
  // A class of its own per runtime: two runtimes of one process deliver to their own subscribers.
  class DeliverEvent extends Task<Delivery> {
    static override taskName = 'rage:deliver-event'

    override async perform({ subscriber, event, data }: Delivery): Promise<void> {
      try {
        await events().perform(subscriber, event, data)
      } catch (error) {
        throw isOfAnotherVersion(error) ? new UnrunnableError(error) : error
      }
    }
  }
  deferred.register(DeliverEvent)

  return {
    async enqueue(subscriber, event, data) {
      await deferred.enqueue(DeliverEvent, { subscriber, event, data })
    },
  }
}
