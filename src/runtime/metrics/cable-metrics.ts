/** WebSockets: who is connected is read when an exporter asks; handshakes and broadcasts come from their spans. */
import type { Cable } from '../../cable'
import type { HistogramCell, LabelledCounter, Metrics, SpanListener } from '../../telemetry'
import { forThisReading } from './for-this-reading'

/** Receivers of one broadcast. */
const receiverBuckets = [0, 1, 10, 100, 1_000, 10_000, 100_000]

export class CableMetrics {
  readonly #handshakes: LabelledCounter<'status'>
  readonly #receivers: HistogramCell

  constructor(metrics: Metrics, cable: Cable) {
    const read = forThisReading(metrics, () => cable.stats())
    metrics.gauge('rage_cable_connections', {
      help: 'Clients that are connected.',
      collect: () => read().connections,
    })
    metrics.gauge('rage_cable_subscriptions', {
      help: 'Subscriptions of all clients.',
      collect: () => read().subscriptions,
    })
    metrics.gauge('rage_cable_streams', {
      help: 'Streams that somebody receives.',
      collect: () => read().streams,
    })
    metrics.counter('rage_cable_slow_clients_total', {
      help: 'Clients that were cut off because they did not read what was sent to them.',
      collect: () => cable.cutOff,
    })
    this.#handshakes = metrics.counter('rage_cable_handshakes_total', {
      help: 'Clients that asked for a WebSocket, by the status of the answer; 101 = accepted.',
      labels: ['status'],
    })
    this.#receivers = metrics.histogram('rage_cable_broadcast_receivers', {
      help: 'Fan-out: subscriptions of this process that a broadcast went to.',
      buckets: receiverBuckets,
    })
  }

  listener(): SpanListener<'cable.websocket.handshake' | 'cable.stream.broadcast', void> {
    return {
      name: 'metrics of cable',
      spans: ['cable.websocket.handshake', 'cable.stream.broadcast'],
      end: (span, { outcome }) => {
        if (span.name === 'cable.stream.broadcast')
          this.#receivers.observe((outcome as { readonly receivers: number }).receivers)
        else this.#handshakes.ofValues([String((outcome as { readonly status: number }).status)]).inc()
      },
    }
  }
}
