/**
 * Joins events and deferred: each subscriber is a task of its own, so that metrics, lines, retries and limits are its own,
 * too. One with `static deferred = true` gets its jobs; one that no longer has it still runs those that are left.
 */
import { type Deferred, Task, type TaskClass, UnrunnableError } from '../deferred'
import {
  type Deferral,
  type EventData,
  type Events,
  type SubscriberClass,
  UnknownEventError,
} from '../events'

interface Delivery {
  readonly event: string
  readonly data: EventData
}

/** What a subscriber may say of its jobs, as a task does of its own. */
const jobStatics = ['retries', 'retryIn', 'timeout', 'queue', 'priority', 'concurrency', 'rateLimit'] as const

/** The port that events registers its subscribers with, and enqueues through. */
export function deferSubscribers(deferred: Deferred, events: () => Events): Deferral {
  const tasks = new Map<string, TaskClass<Delivery>>()
  return {
    register(type) {
      const task = taskOf(type, events)
      deferred.register(task as TaskClass)
      tasks.set(type.name, task)
    },
    async enqueue(subscriber, event, data) {
      await deferred.enqueue(tasks.get(subscriber)!, { event, data })
    },
  }
}

/** A class per runtime: two runtimes of one process deliver to their own subscribers. */
function taskOf(type: SubscriberClass, events: () => Events): TaskClass<Delivery> {
  const { name } = type
  class DeliverEvent extends Task<Delivery> {
    static override taskName = `subscriber:${name}`

    override async perform({ event, data }: Delivery): Promise<void> {
      try {
        await events().perform(name, event, data)
      } catch (error) {
        // The class is gone, or not there yet: no further attempt of this process can help.
        throw error instanceof UnknownEventError ? new UnrunnableError(error) : error
      }
    }
  }
  if (!type.deferred) return DeliverEvent
  for (const key of jobStatics) {
    const given = type[key]
    if (given === undefined) continue
    const value = typeof given === 'function' ? given.bind(type) : given
    Object.defineProperty(DeliverEvent, key, { value })
  }
  return DeliverEvent
}
