/** Whatever fails in whichever subsystem is reported once, with the request it came from and what was at work. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import WebSocket from 'ws'
import { Channel, Connection, Controller, type ErrorFacts, Subscriber, Task, Unrecoverable } from '../src'
import { eventually, makeRage } from './runtime/support/runtimes'

class Fails extends Task<{ message?: string } | undefined> {
  static override retries = 0
  override perform(args?: { message?: string }) {
    throw new Error(args?.message ?? 'task')
  }
}

class FailsOnce extends Task {
  static override retries = 1
  static override retryIn = () => 0
  static runs = 0
  override perform() {
    FailsOnce.runs += 1
    if (FailsOnce.runs === 1) throw new Error('first attempt')
  }
}

class Placed {}
class FailsHere extends Subscriber<Placed> {
  static override on = [Placed]
  override call() {
    throw new Error('subscriber')
  }
}

class Shipped {}
class FailsLater extends Subscriber<Shipped> {
  static override on = [Shipped]
  static override deferred = true
  override call() {
    throw new Unrecoverable('deferred subscriber')
  }
}

class AnyConnection extends Connection {}
class Chat extends Channel {
  static override channelName = 'Chat'
  override subscribed() {
    throw new Error('channel')
  }
}

class PagesController extends Controller {
  async all() {
    await (this.req as unknown as { publish(): Promise<void> }).publish()
    throw new Error('controller')
  }
}

function boot() {
  const { rage, lines } = makeRage({ logger: { level: 'debug' } })
  const reports: { message: string; facts: ErrorFacts; requestId: string | null; kind: string | null }[] = []
  rage.errors.register((error, facts, { requestId, kind }) => {
    reports.push({ message: (error as Error).message, facts, requestId, kind })
  })
  rage.register(Fails, FailsOnce, FailsHere, FailsLater, AnyConnection, Chat)
  return { rage, lines, reports }
}

describe('one failure is one report', () => {
  it('of a job that dies, with its task; attempts that are made again are none', async () => {
    const { rage, reports } = boot()
    await rage.boot()

    await rage.run(() => Fails.enqueue())
    await FailsOnce.enqueue()
    await eventually(() => reports.length > 0 && FailsOnce.runs === 2)

    assert.deepEqual(
      reports.map(({ message, facts, kind }) => [message, facts.task, facts.reason, kind]),
      [['task', 'Fails', 'exhausted', 'job']],
    )
  })

  it('of a subscriber, here and deferred, with its event and the request', async () => {
    const { rage, reports } = boot()
    await rage.boot()

    await rage.run(async () => {
      await rage.events.publish(new Placed())
      await rage.events.publish(new Shipped())
    })
    await eventually(() => reports.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 50))

    assert.deepEqual(reports.map(({ message }) => message).sort(), ['deferred subscriber', 'subscriber'])
    assert.equal(new Set(reports.map(({ requestId }) => requestId)).size, 1)
    const here = reports.find(({ message }) => message === 'subscriber')!
    assert.deepEqual(here.facts, { event: 'Placed', subscriber: 'FailsHere', deferred: false })
  })

  it('of an action whose subscriber and job failed too: each its own, all with its request id', async () => {
    const { rage, reports } = boot()
    rage.routes((r) => {
      r.use((req, _res, next) => {
        ;(req as { publish?: unknown }).publish = async () => {
          await rage.events.publish(new Placed())
          await Fails.enqueue({ message: 'job of the action' })
        }
        next()
      })
      r.get('/all', [PagesController, 'all'])
    })

    await supertest(createServer(rage.handler())).get('/all').set('X-Request-Id', 'r1').expect(500)
    await eventually(() => reports.length === 3)

    assert.deepEqual(reports.map(({ message, requestId }) => [message, requestId]).sort(), [
      ['controller', 'r1'],
      ['job of the action', 'r1'],
      ['subscriber', 'r1'],
    ])
  })

  it('of a channel', async () => {
    const { rage, reports } = boot()
    const server = createServer(rage.handler())
    await rage.boot()
    rage.attach(server)
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const { port } = server.address() as { port: number }
    const socket = new WebSocket(`ws://127.0.0.1:${port}/cable`, ['actioncable-v1-json'])
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send(JSON.stringify({ command: 'subscribe', identifier: JSON.stringify({ channel: 'Chat' }) }))

    await eventually(() => reports.length)
    socket.terminate()
    server.close()

    assert.deepEqual(
      reports.map(({ message, facts, kind }) => [message, facts.channel, kind]),
      [['channel', 'Chat', 'cable']],
    )
  })

  it('of a scheduled job', async () => {
    const { rage, reports } = boot()
    rage.deferred.every('1s', Fails, { message: 'scheduled' })
    await rage.boot()

    await eventually(() => reports.length)
    await rage.stop()

    assert.deepEqual(
      reports.map(({ message, facts }) => [message, facts.task]),
      [['scheduled', 'Fails']],
    )
  })

  it('that the code around it reports as well', async () => {
    const { rage, reports, lines } = boot()
    class Careful extends Task {
      static override retries = 0
      override perform() {
        rage.errors.record(
          () => {
            throw new Error('seen twice')
          },
          { context: { step: 1 } },
        )
      }
    }
    rage.register(Careful)
    await rage.boot()

    await Careful.enqueue()
    await eventually(() => lines.some(({ msg }) => msg === 'job is dead'))

    assert.deepEqual(
      reports.map(({ message, facts }) => [message, facts.context]),
      [['seen twice', { step: 1 }]],
    )
  })
})
