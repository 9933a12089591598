/** Events published, and calls of subscribers that failed. */
import type { LabelledCounter, Metrics, SpanListener } from '../../telemetry'

export class EventsMetrics {
  readonly #published: LabelledCounter<'event'>
  readonly #failed: LabelledCounter<'event' | 'subscriber'>

  constructor(metrics: Metrics) {
    this.#published = metrics.counter('rage_events_published_total', {
      help: 'Events published.',
      labels: ['event'],
    })
    this.#failed = metrics.counter('rage_events_failed_total', {
      help: 'Calls of subscribers that threw or rejected, those that a rescueFrom took included.',
      labels: ['event', 'subscriber'],
    })
  }

  listener(): SpanListener<'events.event.publish' | 'events.subscriber.process', void> {
    return {
      name: 'metrics of events',
      spans: ['events.event.publish', 'events.subscriber.process'],
      end: (span, { error }) => {
        if (span.name === 'events.event.publish') this.#published.ofValues([span.attributes.event]).inc()
        else if (error !== null)
          this.#failed.ofValues([span.attributes.event, span.attributes.subscriber]).inc()
      },
    }
  }
}
