import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Task } from '../../src/deferred'
import { crash, type createDeferred as create, createDeferred, stopAll, until } from './support/boot-deferred'

const sent: unknown[] = []

class Mailer {
  readonly from: string

  constructor(from: string) {
    this.from = from
  }

  async welcome(userId: number, options?: { readonly locale: string }): Promise<void> {
    sent.push([this.from, 'welcome', userId, options])
  }

  static sweep(): void {
    sent.push(['sweep', Mailer === this])
  }
}

class Plain extends Task {
  perform(): void {}
}

async function bootWith(objects: Record<string, object>, setup: Parameters<typeof create>[0] = {}) {
  const made = createDeferred(setup)
  for (const [name, object] of Object.entries(objects)) made.deferred.registerObject(name, object)
  await made.deferred.service.boot()
  made.deferred.service.serve()
  return made
}

afterEach(async () => {
  await stopAll()
  sent.length = 0
})

describe('deferred: wrap', () => {
  it('calls a method of a registered object in a job', async () => {
    const mailer = new Mailer('shop')
    const { deferred } = await bootWith({ mailer })

    const { id, task } = await deferred.wrap(mailer).welcome(7, { locale: 'de' })
    await until(() => sent.length === 1)

    assert.deepEqual(
      [task, typeof id, sent],
      ['mailer', 'string', [['shop', 'welcome', 7, { locale: 'de' }]]],
    )
  })

  it('calls static methods of a class, and takes options of enqueue', async () => {
    const { clock, deferred } = await bootWith({ Mailer })

    await deferred.wrap(Mailer, { delay: 60 }).sweep()
    assert.equal(deferred.stats().delayed, 1)
    await clock.advance(60_000)
    await until(() => sent.length === 1)

    assert.deepEqual(sent, [['sweep', true]])
  })

  it('finds the object of that name after a restart, which may be another one', async () => {
    const old = new Mailer('old')
    const first = await bootWith({ mailer: old })
    const { clock, disk } = first
    await first.deferred.wrap(old, { delay: 60 }).welcome(7)
    await crash(first)

    await bootWith({ mailer: new Mailer('new') }, { disk, clock })
    await clock.advance(60_000)
    await until(() => sent.length === 1)

    assert.deepEqual(sent, [['new', 'welcome', 7, undefined]])
  })

  it('keeps the job while there is no object of that name', async () => {
    const mailer = new Mailer('shop')
    const first = await bootWith({ mailer })
    const { clock, disk } = first
    await first.deferred.wrap(mailer, { delay: 60 }).welcome(7)
    await crash(first)

    const second = await bootWith({}, { disk, clock })
    assert.deepEqual([second.deferred.stats().parked, disk.entries.size], [1, 1])
  })

  it('retries a method that is not there any more, as any other failure', async () => {
    const mailer = new Mailer('shop')
    const first = await bootWith({ mailer })
    const { clock, disk } = first
    await first.deferred.wrap(mailer, { delay: 60 }).welcome(7)
    await crash(first)

    const { deferred, lines } = await bootWith({ mailer: {} }, { disk, clock })
    await clock.advance(60_000)
    await until(() => lines.some(({ msg }) => msg === 'job failed'))

    assert.equal(deferred.stats().delayed, 1)
  })

  it('is refused for an object that has no name', async () => {
    const { deferred } = await bootWith({ mailer: new Mailer('a') })

    assert.throws(() => deferred.wrap(new Mailer('b')), {
      code: 'RAGE_DEFERRED_UNKNOWN_OBJECT',
      message: /an object of Mailer/,
    })
    assert.throws(() => deferred.wrap(Mailer), { message: /the class Mailer/ })
    assert.throws(() => deferred.wrap(null as never), { code: 'RAGE_DEFERRED_UNKNOWN_OBJECT' })
  })

  it('has the methods only: it can be awaited, and reaches nothing inherited from Object', async () => {
    const mailer = new Mailer('shop')
    const { deferred, disk } = await bootWith({ mailer })
    const wrapped = deferred.wrap(mailer) as unknown as Record<string | symbol, unknown>

    assert.equal(await wrapped, wrapped)
    for (const name of [
      'from',
      'then',
      'constructor',
      'hasOwnProperty',
      '__proto__',
      'nothing',
      Symbol.iterator,
    ])
      assert.equal(wrapped[name], undefined, String(name))
    assert.equal(disk.entries.size, 0)
  })

  it('stores arguments as tasks do', async () => {
    const mailer = new Mailer('shop')
    const { deferred } = await bootWith({ mailer })

    await assert.rejects(deferred.wrap(mailer).welcome((() => 1) as never), {
      code: 'RAGE_DEFERRED_INVALID_ARGS',
    })
  })
})

describe('deferred: registerObject', () => {
  it('takes a name of its own, before boot', async () => {
    const { deferred } = createDeferred({ tasks: [Plain] })
    deferred.registerObject('mailer', new Mailer('a'))

    assert.throws(() => deferred.registerObject('mailer', new Mailer('b')), {
      code: 'RAGE_KERNEL_DUPLICATE_NAME',
    })
    assert.throws(() => deferred.registerObject('Plain', new Mailer('b')), {
      code: 'RAGE_KERNEL_DUPLICATE_NAME',
    })
    for (const [name, object] of [
      ['', {}],
      [7, {}],
      ['x', null],
      ['x', 'text'],
    ] as [never, never][])
      assert.throws(() => deferred.registerObject(name, object), { code: 'RAGE_KERNEL_INVALID_OPTION' })
    await deferred.service.boot()
    assert.throws(() => deferred.registerObject('late', {}), { code: 'RAGE_KERNEL_REGISTRATION_CLOSED' })
  })
})
