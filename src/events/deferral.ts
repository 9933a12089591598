/** The port to the queue: events do not know what a job is, the runtime hands in what keeps them. */
import type { SubscriberClass } from './subscriber'
import type { EventData } from './travel'

export interface Deferral {
  /** Makes a subscriber known before boot. @throws InvalidOptionError when it says of its jobs what makes no sense */
  register(type: SubscriberClass): void
  /** Resolves once a job is durable that will call `events.perform` with the same three arguments. */
  enqueue(subscriber: string, event: string, data: EventData): Promise<void>
}
