/** What the queues do: depth and age are read when an exporter asks, flow and times come from the spans of jobs. */
import type { Deferred } from '../../deferred'
import type {
  AttemptEnd,
  CounterCell,
  HistogramCell,
  LabelledCounter,
  LabelledHistogram,
  Metrics,
  SpanListener,
} from '../../telemetry'
import type { MetricsSettings } from '../metrics-options'
import { forThisReading } from './for-this-reading'

type Place = 'queue' | 'task'

/** The cells of one task in one queue. */
interface JobCells {
  readonly enqueued: CounterCell
  readonly retries: CounterCell
  readonly dead: CounterCell
  readonly waits: HistogramCell
  /** By how they ended; each is made when it is first needed. */
  readonly attempts: { [End in AttemptEnd]: HistogramCell | null }
}

export interface DeferredMetricsWorld {
  readonly metrics: Metrics
  readonly settings: MetricsSettings
  readonly deferred: Deferred
  /** Jobs live on an engine: how many there are, its server knows. */
  readonly isOnEngine: boolean
}

export class DeferredMetrics {
  readonly #enqueued: LabelledCounter<Place>
  readonly #retries: LabelledCounter<Place>
  readonly #dead: LabelledCounter<Place>
  readonly #waits: LabelledHistogram<Place>
  readonly #attempts: LabelledHistogram<Place | 'end'>
  readonly #cells = new Map<string, Map<string, JobCells>>()
  readonly #maxLabelSets: number

  constructor({ metrics, settings, deferred, isOnEngine }: DeferredMetricsWorld) {
    const labels = ['queue', 'task'] as const
    const buckets = settings.durationBuckets
    this.#maxLabelSets = settings.maxLabelSets
    this.#enqueued = metrics.counter('rage_deferred_enqueued_total', {
      help: 'Jobs accepted: on disk, or with the engine.',
      labels,
    })
    this.#retries = metrics.counter('rage_deferred_retries_total', {
      help: 'Attempts that failed and will be followed by another.',
      labels,
    })
    this.#dead = metrics.counter('rage_deferred_dead_total', {
      help: 'Jobs that failed for the last time.',
      labels,
    })
    this.#waits = metrics.histogram('rage_deferred_wait_seconds', {
      help: 'Time from when a job could run to the beginning of its attempt.',
      labels,
      buckets,
    })
    this.#attempts = metrics.histogram('rage_deferred_attempt_duration_seconds', {
      help: 'Duration of attempts by how they ended: done, retry, dead or released.',
      labels: ['queue', 'task', 'end'],
      buckets,
    })
    if (!isOnEngine) addStock(metrics, deferred)
  }

  listener(): SpanListener<'deferred.task.enqueue' | 'deferred.task.process', void> {
    return {
      name: 'metrics of deferred',
      spans: ['deferred.task.enqueue', 'deferred.task.process'],
      end: (span, { error, durationMs, outcome }) => {
        const { task, queue } = span.attributes
        const cells = this.#cellsOf(task, queue)
        if (span.name === 'deferred.task.enqueue') {
          if (error === null) cells.enqueued.inc(span.attributes.jobs)
          return
        }
        const { end } = outcome as { readonly end: AttemptEnd }
        cells.waits.observe(span.attributes.waitedMs / 1_000)
        const attempts = (cells.attempts[end] ??= this.#attempts.ofValues([queue, task, end]))
        attempts.observe(durationMs / 1_000)
        if (end === 'retry') cells.retries.inc()
        else if (end === 'dead') cells.dead.inc()
      },
    }
  }

  /** There may be a queue for each customer: those beyond the limit share the cells of `other` anyway. */
  #cellsOf(task: string, queue: string): JobCells {
    let byQueue = this.#cells.get(task)
    if (byQueue === undefined) this.#cells.set(task, (byQueue = new Map()))
    const known = byQueue.get(queue)
    if (known !== undefined) return known
    const place = [queue, task]
    const cells: JobCells = {
      enqueued: this.#enqueued.ofValues(place),
      retries: this.#retries.ofValues(place),
      dead: this.#dead.ofValues(place),
      waits: this.#waits.ofValues(place),
      attempts: { done: null, retry: null, dead: null, released: null },
    }
    if (byQueue.size < this.#maxLabelSets) byQueue.set(queue, cells)
    return cells
  }
}

function addStock(metrics: Metrics, deferred: Deferred): void {
  const read = forThisReading(metrics, () => deferred.stats())
  metrics.gauge('rage_deferred_jobs', {
    help: 'Jobs of this process by queue: queued (could run now), delayed (wait for their time) or running.',
    labels: ['queue', 'state'],
    collect: (set) => {
      for (const [queue, { queued, delayed, running }] of Object.entries(read().queues)) {
        set({ queue, state: 'queued' }, queued)
        set({ queue, state: 'delayed' }, delayed)
        set({ queue, state: 'running' }, running)
      }
    },
  })
  metrics.gauge('rage_deferred_oldest_seconds', {
    help: 'How long ago the oldest queued job could have run; 0 when none is queued.',
    labels: ['queue'],
    collect: (set) => {
      for (const [queue, { oldestMs }] of Object.entries(read().queues)) set({ queue }, oldestMs / 1_000)
    },
  })
  metrics.gauge('rage_deferred_paused', {
    help: 'Whether the queue is paused, 0 or 1.',
    labels: ['queue'],
    collect: (set) => {
      for (const [queue, { paused }] of Object.entries(read().queues)) set({ queue }, paused ? 1 : 0)
    },
  })
  metrics.gauge('rage_deferred_dead_jobs', {
    help: 'Dead jobs that are kept.',
    collect: () => read().dead,
  })
  metrics.gauge('rage_deferred_parked_jobs', {
    help: 'Jobs in the log that this process cannot run: their task is not registered, or they cannot be read.',
    collect: () => read().parked,
  })
}
