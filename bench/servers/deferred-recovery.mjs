/**
 * The process of bench/deferred-recovery.mjs.
 *
 *     node deferred-recovery.mjs <root folder>
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createRage, Task } from 'rage-js'
import { ready } from '../support/in-child.mjs'

class Receipt extends Task {
  perform() {}
}

const storage = process.argv[2]
const limits = { maxQueued: 10_000_000 }
const rage = createRage({
  root: storage,
  storage,
  signals: false,
  logger: { level: 'error', format: 'json' },
  deferred: limits,
})
rage.register(Receipt)
const startedAt = performance.now()
await rage.boot()
const recoveryMs = Math.round(performance.now() - startedAt)

const day = { delay: 86_400 }
const args = { orderId: '6f1c2a54-0f7b-4b8e-9a51-0c1d2e3f4a5b', email: 'somebody@example.com' }

/** Jobs of tomorrow, enqueued by 64 callers: how long it takes, and the longest delay of the event loop meanwhile, in ms. */
async function open(count) {
  const begun = performance.now()
  let left = count
  const caller = async () => {
    while (left-- > 0) await Receipt.enqueue(args, day)
  }
  const { max } = await delays(() => Promise.all(Array.from({ length: 64 }, caller)))
  return { ms: Math.round(performance.now() - begun), longestPauseMs: max }
}

/** Memory of the process without its garbage, in MiB; needs --expose-gc. */
async function rss() {
  for (let count = 0; count < 3; count++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return process.memoryUsage().rss / 2 ** 20
}

/** How long one takes, in ms: of jobs that are delayed. */
async function cancel(count) {
  const jobs = await rage.deferred.list({ state: 'delayed', limit: count })
  const begun = performance.now()
  for (const { id } of jobs)
    if (!(await rage.deferred.cancel(id))) throw new Error(`${id} could not be cancelled`)
  return (performance.now() - begun) / jobs.length
}

/** Jobs that are enqueued by 64 callers and run at once. */
async function through(count) {
  const begun = performance.now()
  let left = count
  const caller = async () => {
    while (left-- > 0) await Receipt.enqueue(args)
  }
  await Promise.all(Array.from({ length: 64 }, caller))
  const isBusy = () => rage.deferred.stats().queued + rage.deferred.stats().running > 0
  while (isBusy()) await new Promise((resolve) => setTimeout(resolve, 5))
  // What is tidied away when the log rests counts as well.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  return Math.round(performance.now() - begun)
}

async function churn(count) {
  await new Promise((resolve) => setTimeout(resolve, 500))
  const idle = await delays(() => new Promise((resolve) => setTimeout(resolve, 1_000)))
  const busy = await delays(() => through(count))
  return { longestPauseMs: busy.max, pauseP99Ms: busy.p99, idlePauseP99Ms: idle.p99 }
}

/** Of the event loop while `work` runs, beyond the resolution of the histogram, in ms. */
async function delays(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await work()
  histogram.disable()
  const ms = (nanoseconds) => Math.round(nanoseconds / 1e4) / 100
  return { max: ms(histogram.max), p99: ms(histogram.percentile(99)) }
}

ready(
  { recoveryMs, rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20) },
  { open, rss, cancel, through, churn },
)
