/**
 * What publishing an event costs beside calling its two subscribers directly. The workload is that of Rage for
 * Ruby's own benchmark: an event without fields, two subscribers with an empty `call`; "direct" builds the
 * event and calls `new A().call(event, meta)` and `new B().call(event, meta)`.
 *
 * V8 inlines the direct calls and does away with the objects, so a direct call costs next to nothing; that is
 * what a direct call costs in such a loop, and it is left as it is. Nearer to an app is the pair with asynchronous
 * subscribers, awaited on both sides.
 */
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

const meta = Object.freeze({ context: Object.freeze({}) })

export default async function events({ quick, log }) {
  const calls = quick ? 50_000 : 1_000_000
  const rounds = quick ? 4 : 10
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

  const inRequest = (work) => runInContext(new Context({ kind: 'request', scope, requestId: 'bench' }), work)
  const rate = (work) => () => inRequest(() => perSecond(work, calls))
  const rateAsync = (work) => () => inRequest(() => perSecondAwaited(work, calls / 5))
  const rateOutside = (work) => () => perSecond(work, calls)

  const compare = async (a, b) => {
    // Each is warmed up alone and twice: the second time with what the first one taught the compiler.
    for (const side of [a, b, a, b]) await side()
    return alternate(rounds, { a, b })
  }
  const sync = await compare(rate(publish), rate(direct))
  const asynchronous = await compare(rateAsync(publishAsync), rateAsync(directAsync))
  const nobody = await compare(rate(unheard), rate(publish))
  const outside = await compare(rateOutside(publish), rate(publish))

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
  log(`nobody subscribes: ${figures.nobodyNs} ns; outside of requests: ${figures.outsideOfRequestsNs} ns`)
  return {
    ratios: {
      publish_vs_direct: sync.ratio,
      publish_vs_direct_async: asynchronous.ratio,
      unheard_vs_publish: nobody.ratio,
    },
    figures,
  }
}

async function bootEvents(scope) {
  const errors = new ErrorReports({ error: (fields) => process.stderr.write(`${fields.err?.stack}\n`) })
  const logger = { error() {}, warn() {}, info() {}, debug() {}, trace() {}, fatal() {} }
  const telemetry = new Telemetry()
  const room = new Events({ scope, clock: systemClock, logger, telemetry, errors, deferral: null })
  for (const type of [First, Second, FirstAsync, SecondAsync]) room.register(type)
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
