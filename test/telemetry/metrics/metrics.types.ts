/** Labels are typed by their names. */
import type { CounterCell, Metrics } from '../../../src/telemetry'

declare const metrics: Metrics

const orders = metrics.counter('orders_total', { help: 'Orders', labels: ['plan', 'country'] })
const cell: CounterCell = orders.labels({ plan: 'pro', country: 'de' })
cell.inc()
// @ts-expect-error a label is missing
orders.labels({ plan: 'pro' })
// @ts-expect-error there is no such label
orders.labels({ plan: 'pro', country: 'de', city: 'x' })
// @ts-expect-error values are texts
orders.labels({ plan: 1, country: 'de' })
// @ts-expect-error with labels there is a cell per label set
orders.inc()

metrics.counter('plain_total', { help: 'Plain' }).inc(2)
metrics.gauge('size', { help: 'Size', collect: () => 1 })
metrics.gauge('sizes', {
  help: 'Sizes',
  labels: ['pool'],
  collect: (set) => {
    set({ pool: 'a' }, 1)
    // @ts-expect-error there is no such label
    set({ pol: 'a' }, 1)
  },
})
metrics.gauge('asked_size', { help: 'Size', collect: async () => 1 })
metrics.gauge('asked_sizes', {
  help: 'Sizes',
  labels: ['pool'],
  collect: async (set) => set({ pool: 'a' }, 1),
})
// @ts-expect-error a promise of no number
metrics.gauge('asked_name', { help: 'Name', collect: async () => 'one' })
// @ts-expect-error what is read when somebody asks is not recorded to
metrics.gauge('other_size', { help: 'Size', collect: () => 1 }).set(2)
metrics
  .histogram('load_seconds', { help: 'Load', labels: ['kind'], buckets: [1, 2] })
  .labels({ kind: 'a' })
  .observe(1)
