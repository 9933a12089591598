/**
 * What publishing an event costs beside calling its two subscribers directly: building the event and calling
 * `new A().call(event, meta)` and `new B().call(event, meta)`. Rage for Ruby, measured so: 2.8 times.
 *
 * `publish_vs_direct` is its own workload: an event without fields, subscribers with an empty `call`. V8 inlines the direct
 * calls and does away with every object, so that "direct" measures an empty loop. No publish can be near that, and the
 * ratio says little about an app; it is kept as it is, so that it can be followed over time.
 *
 * `publish_vs_direct_working` is comparable with the figure for Ruby, where nothing is erased: an order with three fields;
 * one subscriber takes its quantity from the stock (a Map of 64), the other one adds a line to a journal of 1,024.
 * `publish_vs_direct_many` is the same with eight such classes of events in turn, and sixteen of subscribers; on the direct
 * side one source for all of them, too, so that on both sides what V8 learns of one class does not help with the next.
 * `publish_vs_direct_async` has asynchronous, empty subscribers, awaited on both sides; `publish_vs_direct_all` compares
 * that publish, which runs them side by side, with `Promise.all`.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Context, runInContext } from '../dist/src/context/index.js'
import { Events, Subscriber } from '../dist/src/events/index.js'
import { Scope, systemClock } from '../dist/src/kernel/index.js'
import { ErrorReports, Telemetry } from '../dist/src/telemetry/index.js'
import { alternate } from './support/alternate.mjs'
import { round } from './support/machine.mjs'

class Published {}
class Unheard {}
class First extends Subscriber {
  static on = [Published]
  call() {}
}
class Second extends Subscriber {
  static on = [Published]
  call() {}
}

class PublishedAsync {}
class FirstAsync extends Subscriber {
  static on = [PublishedAsync]
  async call() {}
}
class SecondAsync extends Subscriber {
  static on = [PublishedAsync]
  async call() {}
}

/** Classes of an event and its two subscribers, which do something small. */
function working() {
  const stock = new Map(skus.map((sku) => [sku, 1_000]))
  let journal = []
  class OrderPlaced {
    constructor(orderId, sku, quantity) {
      this.orderId = orderId
      this.sku = sku
      this.quantity = quantity
    }
  }
  class UpdateInventory extends Subscriber {
    static on = [OrderPlaced]
    call({ sku, quantity }) {
      stock.set(sku, stock.get(sku) - quantity)
    }
  }
  class WriteJournal extends Subscriber {
    static on = [OrderPlaced]
    call({ orderId, sku, quantity }) {
      if (journal.length === 1_024) journal = []
      journal.push({ orderId, sku, quantity })
    }
  }
  return { OrderPlaced, UpdateInventory, WriteJournal }
}
const skus = Array.from({ length: 64 }, (_, index) => `sku-${index}`)
const { OrderPlaced, UpdateInventory, WriteJournal } = working()
const various = Array.from({ length: 8 }, (_, index) => {
  const { OrderPlaced, UpdateInventory, WriteJournal } = working()
  for (const type of [OrderPlaced, UpdateInventory, WriteJournal])
    Object.defineProperty(type, 'name', { value: `${type.name}${index}` })
  return { event: OrderPlaced, first: UpdateInventory, second: WriteJournal }
})

const meta = Object.freeze({ context: Object.freeze({}) })

export default async function events({ quick, log }) {
  const scope = new Scope('bench')
  const room = await bootEvents(scope)

  const publish = () => room.publish(new Published())
  const direct = () => {
    const event = new Published()
    new First().call(event, meta)
    new Second().call(event, meta)
  }
  const unheard = () => room.publish(new Unheard())
  const publishAsync = () => room.publish(new PublishedAsync())
  const directAsync = async () => {
    const event = new PublishedAsync()
    await new FirstAsync().call(event, meta)
    await new SecondAsync().call(event, meta)
  }

  const directAll = async () => {
    const event = new PublishedAsync()
    await Promise.all([new FirstAsync().call(event, meta), new SecondAsync().call(event, meta)])
  }
  let orders = 0
  const publishVarious = () => {
    const { event } = various[++orders & 7]
    return room.publish(new event(orders, skus[orders & 63], 1))
  }
  const directVarious = () => {
    const { event: type, first, second } = various[++orders & 7]
    const event = new type(orders, skus[orders & 63], 1)
    new first().call(event, meta)
    new second().call(event, meta)
  }
  const publishWithContext = () => room.publish(new Published(), { context: { by: 'ada' } })

  const { rate, rateAsync, rateOutside, compare } = measures(scope, quick)
  const sync = await compare(rate(publish), rate(direct))
  const asynchronous = await compare(rateAsync(publishAsync), rateAsync(directAsync))
  const work = await workingAlone(quick)
  const all = await compare(rateAsync(publishAsync), rateAsync(directAll))
  const nobody = await compare(rate(unheard), rate(publish))
  const outside = await compare(rateOutside(publish), rate(publish))
  const withContext = await compare(rate(publishWithContext), rate(publish))
  // Last: from here on the room has seen classes enough for V8 to expect any.
  const many = await compare(rate(publishVarious), rate(directVarious))

  const figures = {
    compared:
      'event + 2 subscribers with an empty call, inside a request; ratio = publishes / direct pairs per second',
    publishPerSecond: Math.round(sync.a),
    publishNs: nanoseconds(sync.a),
    directNs: nanoseconds(sync.b),
    publishCostsTimesDirect: round(1 / sync.ratio, 2),
    noise: sync.noise,
    asyncPublishNs: nanoseconds(asynchronous.a),
    asyncDirectNs: nanoseconds(asynchronous.b),
    asyncPublishCostsTimesDirect: round(1 / asynchronous.ratio, 2),
    asyncNoise: asynchronous.noise,
    workingPublishNs: nanoseconds(work.a),
    workingDirectNs: nanoseconds(work.b),
    workingPublishCostsTimesDirect: round(1 / work.ratio, 2),
    workingNoise: work.noise,
    manyPublishNs: nanoseconds(many.a),
    manyDirectNs: nanoseconds(many.b),
    manyPublishCostsTimesDirect: round(1 / many.ratio, 2),
    manyNoise: many.noise,
    allDirectNs: nanoseconds(all.b),
    withContextNs: nanoseconds(withContext.a),
    nobodyNs: nanoseconds(nobody.a),
    outsideOfRequestsNs: nanoseconds(outside.a),
    rubyPublishPerSecond: 870_000,
    rubyPublishCostsTimesDirect: 2.8,
  }
  log(
    `publish ${figures.publishNs} ns, costs ${figures.publishCostsTimesDirect} times direct (${figures.directNs} ns)`,
  )
  log(
    `awaited, asynchronous subscribers: ${figures.asyncPublishNs} ns, ${figures.asyncPublishCostsTimesDirect} times direct`,
  )
  log(
    `subscribers that work: ${figures.workingPublishNs} ns, ${figures.workingPublishCostsTimesDirect} times direct (${figures.workingDirectNs} ns); eight classes in turn: ${figures.manyPublishNs} ns, ${figures.manyPublishCostsTimesDirect} times (${figures.manyDirectNs} ns)`,
  )
  log(`nobody subscribes: ${figures.nobodyNs} ns; outside of requests: ${figures.outsideOfRequestsNs} ns`)
  return {
    ratios: {
      publish_vs_direct: sync.ratio,
      publish_vs_direct_working: work.ratio,
      publish_vs_direct_many: many.ratio,
      publish_vs_direct_async: asynchronous.ratio,
      publish_vs_direct_all: all.ratio,
      unheard_vs_publish: nobody.ratio,
    },
    figures,
  }
}

/** In a thread of its own, where V8 has seen no other events: as in an app of which one event is the hot one. */
function workingAlone(quick) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { part: 'events/working', quick } })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

async function compareWorking({ quick }) {
  const scope = new Scope('bench')
  const room = await bootEvents(scope)
  const { rate, compare } = measures(scope, quick)
  let orders = 0
  const publish = () => room.publish(new OrderPlaced(++orders, skus[orders & 63], 1))
  const direct = () => {
    const event = new OrderPlaced(++orders, skus[orders & 63], 1)
    new UpdateInventory().call(event, meta)
    new WriteJournal().call(event, meta)
  }
  parentPort.postMessage(await compare(rate(publish), rate(direct)))
}

/** Rates per second of work inside of a request and outside, and comparisons of them. */
function measures(scope, quick) {
  const calls = quick ? 50_000 : 1_000_000
  const rounds = quick ? 4 : 10
  const inRequest = (work) => runInContext(new Context({ kind: 'request', scope, requestId: 'bench' }), work)
  return {
    rate: (work) => () => inRequest(() => perSecond(work, calls)),
    rateAsync: (work) => () => inRequest(() => perSecondAwaited(work, calls / 5)),
    rateOutside: (work) => () => perSecond(work, calls),
    compare: async (a, b) => {
      // Each is warmed up alone and twice: the second time with what the first one taught the compiler.
      for (const side of [a, b, a, b]) await side()
      return alternate(rounds, { a, b })
    },
  }
}

async function bootEvents(scope) {
  const errors = new ErrorReports({ error: (fields) => process.stderr.write(`${fields.err?.stack}\n`) })
  const logger = { error() {}, warn() {}, info() {}, debug() {}, trace() {}, fatal() {} }
  const telemetry = new Telemetry()
  const room = new Events({ scope, clock: systemClock, logger, telemetry, errors, deferral: null })
  const pairs = various.flatMap(({ first, second }) => [first, second])
  const types = [First, Second, FirstAsync, SecondAsync, UpdateInventory, WriteJournal, ...pairs]
  for (const type of types) room.register(type)
  await room.service.boot()
  telemetry.compile()
  return room
}

function perSecond(work, calls) {
  const startedAt = performance.now()
  for (let index = 0; index < calls; index++) work()
  return calls / ((performance.now() - startedAt) / 1_000)
}

async function perSecondAwaited(work, calls) {
  const startedAt = performance.now()
  for (let index = 0; index < calls; index++) await work()
  return calls / ((performance.now() - startedAt) / 1_000)
}

function nanoseconds(rate) {
  return round(1e9 / rate, 1)
}

if (!isMainThread && workerData?.part === 'events/working') await compareWorking(workerData)
