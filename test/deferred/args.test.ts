import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Codecs } from '../../src/codec'
import { Task } from '../../src/deferred'
import { Args, type ArgsWorld } from '../../src/deferred/args'
import { compileTask } from '../../src/deferred/task-plan'
import { Secrets } from '../../src/http'
import { bootDeferred, crash, stopAll, until } from './support/boot-deferred'

class Order {
  id = '7'
}
class SendReceipt extends Task<unknown> {
  perform(): void {}
}
class Refund extends Task<unknown> {
  perform(): void {}
}
class Render extends Task<unknown> {
  static override thread = __filename
  perform(): void {}
}

const receipt = compileTask(SendReceipt)
const [old, current] = ['o'.repeat(32), 'c'.repeat(32)]

function makeArgs(world: Partial<ArgsWorld> = {}): Args {
  return new Args({ codecs: new Codecs(), seal: null, encrypt: false, maxBytes: 1_048_576, ...world })
}

function sealOf(...secrets: string[]) {
  return new Secrets(secrets).atRest
}

describe('deferred: arguments', () => {
  it('are nothing at all when the task takes none', () => {
    assert.equal(makeArgs().encode(receipt, undefined), '')
    assert.equal(makeArgs().decode('SendReceipt', 'job-1', ''), undefined)
  })

  it('are the JSON they are, and tagged where JSON would change them', () => {
    const args = makeArgs()

    assert.equal(args.encode(receipt, { orderId: '7' }), '{"orderId":"7"}')
    assert.equal(args.encode(receipt, { at: new Date(0) }), '#1 {"at":{"$date":"1970-01-01T00:00:00.000Z"}}')
  })

  it('may hold the same object twice, but not inside itself', () => {
    const line = { sku: 'a' }

    assert.equal(makeArgs().encode(receipt, [line, line]), '[{"sku":"a"},{"sku":"a"}]')
  })

  it('are refused with their path, and the advice to declare a codec', () => {
    assert.throws(() => makeArgs().encode(receipt, { lines: [new Order()] }), {
      code: 'RAGE_DEFERRED_INVALID_ARGS',
      message:
        'RAGE_DEFERRED_INVALID_ARGS: SendReceipt.enqueue() cannot store its arguments: args.lines[0] is an Order. ' +
        'Pass an id instead of a record, or declare how the class is written: rage.deferred.codec(name, { type, encode, decode }).',
    })
  })

  it('of a task on a thread hold no declared classes, which nobody declares there', () => {
    const codecs = new Codecs()
    codecs.declare('Order', { type: Order, encode: ({ id }) => id, decode: () => new Order() })
    const args = makeArgs({ codecs })

    assert.equal(args.encode(receipt, new Order()), '#1 {"$codec":["Order","7"]}')
    assert.throws(() => args.encode(compileTask(Render), new Order()), /args is an Order\./)
  })

  it('larger than the limit are measured in bytes, not characters', () => {
    const args = makeArgs({ maxBytes: 6 })

    assert.equal(args.encode(receipt, 'éé'), '"éé"')
    assert.throws(() => args.encode(receipt, 'ééé'), {
      code: 'RAGE_DEFERRED_ARGS_TOO_LARGE',
      facts: { task: 'SendReceipt', bytes: 8, limit: 6 },
    })
  })
})

describe('deferred: encrypted arguments', () => {
  it('show nothing of what they are, and open under the secret they were closed with', () => {
    const args = makeArgs({ seal: sealOf(current), encrypt: true })

    const text = args.encode(receipt, { card: '4242 4242', at: new Date(0) })

    assert.match(text, /^!1\.[\w-]+$/)
    assert.ok(!Buffer.from(text.slice(3), 'base64url').toString('latin1').includes('4242'))
    assert.deepEqual(args.decode('SendReceipt', 'job-1', text), { card: '4242 4242', at: new Date(0) })
  })

  it('stay readable when a newer secret is put in front, and when encryption is turned off', () => {
    const text = makeArgs({ seal: sealOf(old), encrypt: true }).encode(receipt, 'hello')

    assert.equal(makeArgs({ seal: sealOf(current, old) }).decode('SendReceipt', 'job-1', text), 'hello')
  })

  const text = makeArgs({ seal: sealOf(old), encrypt: true }).encode(receipt, 'hello')
  const flipped = text.slice(0, -2) + (text.at(-2) === 'A' ? 'B' : 'A') + text.at(-1)
  const unreadable: readonly (readonly [string, Args, string, string, string])[] = [
    [
      'under another secret',
      makeArgs({ seal: sealOf(current) }),
      'SendReceipt',
      text,
      'none of the secrets opens them',
    ],
    ['without secrets', makeArgs(), 'SendReceipt', text, 'this runtime has no secrets'],
    [
      'as those of another task',
      makeArgs({ seal: sealOf(old) }),
      'Refund',
      text,
      'none of the secrets opens them',
    ],
    [
      'with a flipped bit',
      makeArgs({ seal: sealOf(old) }),
      'SendReceipt',
      flipped,
      'none of the secrets opens them',
    ],
  ]
  for (const [how, args, task, given, reason] of unreadable) {
    it(`cannot be read ${how}`, () => {
      assert.throws(() => args.decode(task, 'job-1', given), {
        code: 'RAGE_DEFERRED_UNREADABLE_ARGS',
        facts: { task, job: 'job-1', problem: `they are encrypted, and ${reason}` },
      })
      assert.equal(args.shown(task, given), undefined)
    })
  }

  it('need secrets', () => {
    assert.throws(() => makeArgs({ encrypt: true }), { code: 'RAGE_DEFERRED_NO_SECRETS' })
  })

  it('of the same value are never the same text', () => {
    const args = makeArgs({ seal: sealOf(current), encrypt: true })

    assert.notEqual(args.encode(compileTask(Refund), 1), args.encode(compileTask(Refund), 1))
  })
})

describe('deferred: a job whose arguments cannot be read', () => {
  afterEach(stopAll)

  class Coin {
    readonly cents: number
    constructor(cents: number) {
      this.cents = cents
    }
  }
  const performed: unknown[] = []
  class Pay extends Task<unknown> {
    static override retries = 0
    perform(args: unknown): void {
      performed.push(args)
    }
  }

  function coins(): Codecs {
    const codecs = new Codecs()
    codecs.declare('Coin', {
      type: Coin,
      encode: ({ cents }) => cents,
      decode: (cents: number) => new Coin(cents),
    })
    return codecs
  }

  it('is kept, counted, reported once per task and charged nothing; a boot that can read it runs it', async () => {
    performed.length = 0
    const first = await bootDeferred({ tasks: [Pay], codecs: coins() })
    await first.deferred.enqueue(Pay, new Coin(1), { delay: 60 })
    await first.deferred.enqueue(Pay, new Coin(2), { delay: 60 })
    await first.deferred.enqueue(Pay, 'plain', { delay: 60 })
    await crash(first)

    const without = await bootDeferred({ tasks: [Pay], disk: first.disk, clock: first.clock })
    await without.clock.advance(60_000)
    await until(() => without.deferred.stats().parked === 2 && performed.length === 1)
    assert.deepEqual(performed, ['plain'])
    assert.deepEqual(
      without.reported.map((error) => (error as { code: string }).code),
      ['RAGE_DEFERRED_UNREADABLE_ARGS'],
    )
    assert.equal(without.deferred.stats().dead, 0)
    await crash(without)

    const again = await bootDeferred({ tasks: [Pay], disk: first.disk, clock: first.clock, codecs: coins() })
    await until(() => performed.length === 3)
    assert.deepEqual(performed.slice(1), [new Coin(1), new Coin(2)])
    assert.equal(again.deferred.stats().parked, 0)
  })

  it('because its secret is gone runs once the secret is back', async () => {
    performed.length = 0
    const options = { encrypt: true }
    const first = await bootDeferred({ tasks: [Pay], seal: sealOf(old), options })
    await first.deferred.enqueue(Pay, 'secret', { delay: 60 })
    assert.ok([...first.disk.entries.values()].every(({ added }) => !String(added.body).includes('secret')))
    await crash(first)

    const { disk, clock } = first
    const wrong = await bootDeferred({ tasks: [Pay], disk, clock, seal: sealOf(current), options })
    await clock.advance(60_000)
    await until(() => wrong.deferred.stats().parked === 1)
    assert.match(String(wrong.reported[0]), /they are encrypted, and none of the secrets opens them/)
    await crash(wrong)

    await bootDeferred({ tasks: [Pay], disk, clock, seal: sealOf(current, old), options })
    await until(() => performed.length === 1)
    assert.deepEqual(performed, ['secret'])
  })

  it('is shown without them among the dead', async () => {
    class Fails extends Task<unknown> {
      static override retries = 0
      perform(): void {
        throw new Error('no')
      }
    }
    const first = await bootDeferred({ tasks: [Fails], codecs: coins() })
    await first.deferred.enqueue(Fails, new Coin(1))
    await until(() => first.deferred.stats().dead === 1)
    assert.deepEqual(first.deferred.dead()[0]!.args, new Coin(1))
    await crash(first)

    const { deferred } = await bootDeferred({ tasks: [Fails], disk: first.disk, clock: first.clock })
    assert.equal(deferred.dead()[0]!.args, undefined)
  })
})
