import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'vitest'
import { createRage, Task } from '../../src'
import { decodeAdded } from '../../src/deferred/job-record'
import { PlainJobs } from '../../src/deferred/plain-jobs'
import { compileTask } from '../../src/deferred/task-plan'
import { RecordView } from '../../src/wal'
import { Bytes, encodeRecord } from '../../src/wal/codec'
import { role } from '../../src/wal/format'

class SendReceipt extends Task<string> {
  override perform(): void {}
}

class Übermut extends Task {
  override perform(): void {}
}

const prefix = 'mjx2k9aq7f3c:'
const id = `${prefix}000000017`

/** As it lies in a segment, between others. */
function viewOf(body: string, type = 1): RecordView {
  const source = new Bytes(Buffer.alloc(4096, '7'))
  encodeRecord(source, 64, {
    role: role.add,
    type,
    flags: 0,
    count: 0,
    sequence: 5,
    time: 1_900_000_000_000,
    origin: 0,
    body,
  })
  return new RecordView(source, 64)
}

function plainJobs(): PlainJobs {
  const plain = new PlainJobs()
  plain.expect(`${prefix}000000016`, compileTask(SendReceipt))
  return plain
}

const header = `{"v":1,"id":"${id}","task":"SendReceipt","context":{"id":"a0b1"}`

describe('deferred: a job like the one before it', () => {
  for (const [what, body] of Object.entries({
    'without arguments': `${header}}\n`,
    'with arguments': `${header}}\n{"orderId":1,"queue":"other"}`,
    'with the time of its enqueue': `${header},"at":1899000000000}\n[1]`,
    'with an empty context': `${header.replace('a0b1', '')}}\n`,
  })) {
    it(`${what} is recognised, and read as the whole of it would be`, () => {
      const plain = plainJobs()
      const view = viewOf(body)
      assert.equal(plain.read(view), true)
      assert.deepEqual([plain.prefix, plain.number], [prefix, 17])
      const { id, task, queue, priority, unique, links } = decodeAdded(view)
      assert.deepEqual(
        { id, task, queue, priority, unique, links },
        {
          id: `${prefix}000000017`,
          task: 'SendReceipt',
          queue: 'default',
          priority: 0,
          unique: null,
          links: null,
        },
      )
    })
  }

  for (const [what, body] of Object.entries({
    'of another process': `${header.replace(prefix, 'mjx2k9aq7f3d:')}}\n`,
    'of another task': `${header.replace('SendReceipt', 'SendReceipts')}}\n`,
    'in another queue': `${header},"queue":"mail","priority":0}\n`,
    'with a key': `${header},"queue":"default","priority":0,"unique":{"key":"a","until":0}}\n`,
    'that follows another': `${header},"links":{"slot":1}}\n`,
    'with a time and links': `${header},"at":1899000000000,"links":{"slot":1}}\n`,
    'with more in its context': `${header.slice(0, -1)},"trace":"00-1"}}\n`,
    'with an escape in its context': `${header.replace('a0b1', 'a\\u0030')}}\n`,
    'with an escape at the end of its context': `${header.replace('a0b1', 'a\\\\')}}\n`,
    'without a number': `${header.replace(id, prefix)}}\n`,
    'with more than a number': `${header.replace(id, `${id}b`)}}\n`,
    'with a number that is not exact': `${header.replace(id, `${prefix}1234567890123456`)}}\n`,
    'of another format': `${header.replace('"v":1', '"v":2')}}\n`,
    'whose header has no end': `${header}}`,
    'that is cut short': header.slice(0, 60),
    'that is empty': '',
  })) {
    it(`${what} is not`, () => {
      assert.equal(plainJobs().read(viewOf(body)), false)
    })
  }

  it('is expected of no process or task before one was seen', () => {
    assert.equal(new PlainJobs().read(viewOf(`${header}}\n`)), false)
    const plain = plainJobs()
    plain.expect('without a process', compileTask(SendReceipt))
    assert.equal(plain.read(viewOf(`${header}}\n`)), false)
  })

  it('may be of a task whose name is not ASCII', () => {
    const plain = plainJobs()
    plain.expect(id, compileTask(Übermut))
    assert.equal(plain.read(viewOf(`${header.replace('SendReceipt', 'Übermut')}}\n`)), true)
  })

  it('is a job, and no other kind of record', () => {
    assert.equal(plainJobs().read(viewOf(`${header}}\n`, 10)), false)
  })
})

describe('deferred: thousands of jobs for tomorrow', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  async function boot(folder: string) {
    const rage = createRage({ root: folder, signals: false, logger: { level: 'silent' } })
    rage.register(SendReceipt)
    await rage.boot()
    return rage
  }

  it('are all there after a restart: found, counted by queue, cancelled, and their keys taken', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rage-far-'))
    folders.push(folder)
    const tomorrow = { delay: 86_400 }
    const first = await boot(folder)
    const plain = await SendReceipt.enqueueMany(
      Array.from({ length: 4_500 }, (_, index) => `${index}`),
      tomorrow,
    )
    const keyed = await SendReceipt.enqueue('keyed', { ...tomorrow, unique: 'key' })
    const mailed = await SendReceipt.enqueue('mail', { ...tomorrow, queue: 'mail' })
    const last = await SendReceipt.enqueue('last', tomorrow)
    await first.stop()

    const second = await boot(folder)
    const { delayed, queues } = second.deferred.stats()
    const { default: usual, mail: other } = queues
    assert.deepEqual([delayed, usual?.delayed, other?.delayed], [4_503, 4_502, 1])
    for (const [job, args] of [
      [plain[4_400]!, '4400'],
      [mailed, 'mail'],
      [last, 'last'],
    ] as const) {
      const found = await second.deferred.find(job.id)
      assert.deepEqual([found?.state, found?.args], ['delayed', args])
    }
    const again = await SendReceipt.enqueue('keyed', { ...tomorrow, unique: 'key' })
    assert.deepEqual([again.duplicate, again.id], [true, keyed.id])
    assert.equal(await second.deferred.cancel(plain[4_450]!.id), true)
    assert.equal(await second.deferred.cancel(last.id), true)
    assert.equal(second.deferred.stats().delayed, 4_501)
    await second.stop()

    const third = await boot(folder)
    assert.equal(third.deferred.stats().delayed, 4_501)
    await third.stop()
  })
})
