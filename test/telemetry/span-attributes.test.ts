/** Provokes every span of a whole runtime, and compares what it really gives with the table that documents it. */
import assert from 'node:assert/strict'
import { beforeAll, describe, it } from 'vitest'
import WebSocket from 'ws'
import {
  Channel,
  Connection,
  Controller,
  type RunningJob,
  type Span,
  type SpanResult,
  Subscriber,
  Task,
  TelemetryHandler,
} from '../../src'
import { spanNames } from '../../src/telemetry'
import { eventually, makeRage } from '../runtime/support/runtimes'
import { read } from '../support/repository'

interface Documented {
  readonly attributes: readonly string[]
  readonly outcome: readonly string[]
}

interface Given {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly outcome: Readonly<Record<string, unknown>>
  readonly error: unknown
}

const [documented, reserved] = tables()
let given: readonly Given[] = []

beforeAll(async () => {
  given = await provokeAll()
})

describe('telemetry: the table of spans', () => {
  it('names every span there is, and those that are reserved', () => {
    assert.deepEqual([...documented.keys(), ...reserved.keys()].sort(), [...spanNames].sort())
  })

  it.each([...documented])('has the attributes and the outcome of %s', (name, { attributes, outcome }) => {
    const all = given.filter((span) => span.name === name)

    assert.ok(all.length > 0, `${name} was not provoked`)
    for (const span of all) {
      assert.deepEqual(Object.keys(span.attributes).sort(), [...attributes].sort())
      assert.deepEqual(Object.keys(span.outcome).sort(), [...outcome].sort())
    }
  })

  it('reserves only what nothing gives yet', () => {
    assert.deepEqual(
      given.filter(({ name }) => reserved.has(name)),
      [],
    )
  })
})

describe('telemetry: the values of spans', () => {
  const seen = (name: string, where: Record<string, unknown> = {}): unknown[] =>
    given
      .filter((span) => span.name === name)
      .filter(({ attributes }) => Object.entries(where).every(([key, value]) => attributes[key] === value))
      .map(({ attributes, outcome }) => ({ ...attributes, ...outcome }))

  it('say which action was served, and how', () => {
    const facts = { method: 'GET', arm: 'rage', isPassedOn: false }

    assert.deepEqual(seen('controller.action.process'), [
      { ...facts, route: '/orders/:id', controller: 'Orders', action: 'show', status: 200 },
      { ...facts, route: '/plain', controller: null, action: null, status: 202 },
    ])
  })

  it('follow a job from its enqueue to its last attempt', () => {
    const [enqueued] = seen('deferred.task.enqueue', { task: 'FailsOnce' }) as [{ job: string }]
    const attempts = seen('deferred.task.process', { task: 'FailsOnce' }) as { waitedMs: number }[]

    assert.deepEqual(enqueued, { task: 'FailsOnce', queue: 'mails', jobs: 1, job: enqueued.job })
    assert.deepEqual(
      attempts.map(({ waitedMs, ...facts }) => facts),
      [
        { task: 'FailsOnce', queue: 'mails', job: enqueued.job, attempt: 1, end: 'retry' },
        { task: 'FailsOnce', queue: 'mails', job: enqueued.job, attempt: 2, end: 'done' },
      ],
    )
    assert.ok(attempts.every(({ waitedMs }) => waitedMs >= 0 && waitedMs < 2_000))
    assert.deepEqual(seen('deferred.task.progress'), [
      { task: 'FailsOnce', job: enqueued.job, attempt: 1, value: { percent: 50 } },
    ])
    assert.deepEqual(
      given.filter(({ attributes }) => attributes.task === 'Dies').map(({ outcome }) => outcome.end),
      [undefined, 'dead'],
    )
  })

  it('count the subscribers of an event', () => {
    assert.deepEqual(seen('events.event.publish'), [{ event: 'Placed', subscribers: 1, deferred: 1 }])
    assert.deepEqual(
      new Set(seen('events.subscriber.process').map((span) => JSON.stringify(span))),
      new Set([
        '{"event":"Placed","subscriber":"Here","deferred":false}',
        '{"event":"Placed","subscriber":"Later","deferred":true}',
      ]),
    )
  })

  it('say whether a handshake was accepted, and which hooks and actions ran', () => {
    assert.deepEqual(seen('cable.websocket.handshake'), [
      { path: '/cable', status: 101, code: null },
      { path: '/cable', status: 403, code: 'RAGE_CABLE_ORIGIN' },
    ])
    assert.deepEqual(seen('cable.connection.process'), [
      { connection: 'Client', hook: 'connect' },
      { connection: 'Client', hook: 'disconnect' },
    ])
    assert.deepEqual(
      seen('cable.action.process').map((span) => (span as { action: string }).action),
      ['subscribed', 'speak', 'unsubscribed'],
    )
    assert.deepEqual(seen('cable.stream.broadcast'), [
      { stream: 'news', receivers: 1 },
      { stream: 'nobody', receivers: 0 },
    ])
  })

  it('number the pieces of rage.all', () => {
    assert.deepEqual(seen('core.task.await'), [{ tasks: 2 }])
    assert.deepEqual(seen('core.task.spawn'), [{ index: 0 }, { index: 1 }])
  })
})

async function provokeAll(): Promise<Given[]> {
  const spans: Given[] = []
  const { rage } = makeRage({ cable: { drainSpreadMs: 0 } })
  class Everything extends TelemetryHandler {
    static {
      this.handle('*')
    }
    override async call({ name, attributes }: Span, next: () => Promise<SpanResult>): Promise<void> {
      const { error, outcome } = await next()
      spans.push({ name, attributes: { ...attributes }, outcome: { ...outcome }, error })
    }
  }
  class Orders extends Controller {
    show() {
      return { ok: true }
    }
  }
  class FailsOnce extends Task {
    static override queue = 'mails'
    static override retryIn = () => 0.01
    perform(_args: unknown, { attempt, progress }: RunningJob) {
      if (attempt > 1) return
      progress({ percent: 50 })
      throw new Error('once')
    }
  }
  class Dies extends Task {
    static override retries = 0
    perform() {
      throw new Error('always')
    }
  }
  class Placed {}
  class Here extends Subscriber {
    static override on = [Placed]
    call() {}
  }
  class Later extends Subscriber {
    static override on = [Placed]
    static override deferred = true
    call() {}
  }
  class Client extends Connection {}
  class News extends Channel {
    override subscribed() {
      this.streamFrom('news')
    }
    speak() {}
  }
  rage.register(Everything, Orders, FailsOnce, Dies, Here, Later, Client, News)
  rage.routes((r) => {
    r.get('/orders/:id', [Orders, 'show'])
    r.get('/plain', (_req, res) => void res.writeHead(202).end())
  })
  const { port } = await rage.listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${port}`
  const seen = (name: string, count: number) =>
    eventually(() => spans.filter((span) => span.name === name).length === count, `${count} x ${name}`)

  assert.equal((await fetch(`${url}/orders/7`)).status, 200)
  assert.equal((await fetch(`${url}/plain`)).status, 202)
  await seen('controller.action.process', 2)

  await FailsOnce.enqueue({})
  await Dies.enqueue()
  await rage.events.publish(new Placed())
  await seen('deferred.task.process', 4)
  await seen('events.subscriber.process', 2)

  await speakToCable(port)
  rage.cable.broadcast('nobody', 'hello')
  await seen('cable.connection.process', 2)
  await refusedByCable(port)
  await seen('cable.websocket.handshake', 2)

  await rage.all([() => 1, async () => 2])
  await seen('core.task.await', 1)
  return spans

  /** Subscribes, is heard, calls an action, hears a broadcast, and leaves. */
  async function speakToCable(port: number): Promise<void> {
    const client = new WebSocket(`ws://127.0.0.1:${port}/cable`, 'actioncable-v1-json')
    const messages: string[] = []
    client.on('message', (data) => void messages.push(String(data)))
    const heard = (text: string) => eventually(() => messages.some((one) => one.includes(text)), text)
    const identifier = JSON.stringify({ channel: 'News' })
    const send = (command: object): void => client.send(JSON.stringify({ ...command, identifier }))
    await heard('welcome')
    send({ command: 'subscribe' })
    await heard('confirm_subscription')
    send({ command: 'message', data: JSON.stringify({ action: 'speak' }) })
    await eventually(() => spans.some(({ attributes }) => attributes.action === 'speak'), 'the action')
    rage.cable.broadcast('news', 'hello')
    await heard('hello')
    client.close()
  }
}

async function refusedByCable(port: number): Promise<void> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/cable`, 'actioncable-v1-json', {
    origin: 'http://elsewhere.example',
  })
  await new Promise((resolve) => client.once('error', resolve))
}

/** The rows of both tables of the page: name, and the words in code of the last two columns that are keys. */
function tables(): [Map<string, Documented>, Map<string, Documented>] {
  const page = read('migration-guide/telemetry.md')
  const part = page.slice(page.indexOf('<!-- spans'), page.indexOf('<!-- end -->'))
  const [first, second] = part.split('Reserved') as [string, string]
  return [rowsOf(first), rowsOf(second)]
}

function rowsOf(table: string): Map<string, Documented> {
  const rows = [...table.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)]
  return new Map(
    rows.map(([, name, rest]) => {
      const [, attributes = '', outcome = ''] = rest!.split(' | ')
      return [name!, { attributes: keysIn(attributes), outcome: keysIn(outcome) }]
    }),
  )
}

/** Values stand in brackets, or after a colon. */
function keysIn(cell: string): string[] {
  const keys = cell.replaceAll(/\([^)]*\)/g, '').replace(/:.*/, '')
  return [...keys.matchAll(/`(\w+)`/g)].map(([, key]) => key!)
}
