import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { Task } from '../../src/deferred'
import { Job } from '../../src/deferred/job'
import {
  addedRecord,
  deadRecord,
  decodeAdded,
  decodeDeath,
  describeError,
  releasedRecord,
  retryRecord,
  startedRecord,
} from '../../src/deferred/job-record'
import { compileTask } from '../../src/deferred/task-plan'
import type { EntryRecord, NewRecord } from '../../src/wal'
import { makeRage, temporaryFolder } from '../runtime/support/runtimes'
import { readFolder, readJob } from '../wal/support/reader-from-the-page'

class SendReceipt extends Task<{ orderId: string }> {
  override perform(): void {}
}

function makeJob(): Job {
  return new Job(
    'mjx0:000000001',
    compileTask(SendReceipt),
    '{"orderId":"7"}',
    { id: 'req-1' },
    1_700_000_000_000,
  )
}

/** As the log gives it back. */
function asRead(record: NewRecord): EntryRecord {
  return { ...record, body: Buffer.from(record.body) }
}

describe('deferred: a job in the log', () => {
  it('is a header line and its arguments', () => {
    const { type, count, time, body } = addedRecord(makeJob())

    assert.deepEqual([type, count, time], [1, 0, 1_700_000_000_000])
    assert.equal(
      Buffer.from(body).toString(),
      '{"v":1,"id":"mjx0:000000001","task":"SendReceipt","context":{"id":"req-1"}}\n{"orderId":"7"}',
    )
  })

  it('reads back as it was written', () => {
    assert.deepEqual(decodeAdded(asRead(addedRecord(makeJob()))), {
      id: 'mjx0:000000001',
      task: 'SendReceipt',
      carrier: { id: 'req-1' },
      queue: 'default',
      priority: 0,
      unique: null,
      enqueuedAt: 1_700_000_000_000,
      links: null,
      args: '{"orderId":"7"}',
    })
  })

  it('says its queue, priority and unique key where they are not the usual', () => {
    const job = makeJob()
    job.queue = 'mail'
    job.priority = -5
    job.unique = { key: 'order "7"', until: 1_700_000_060_000 }

    const record = addedRecord(job)

    assert.equal(
      Buffer.from(record.body).toString().split('\n')[0],
      '{"v":1,"id":"mjx0:000000001","task":"SendReceipt","context":{"id":"req-1"},' +
        '"queue":"mail","priority":-5,"unique":{"key":"order \\"7\\"","until":1700000060000}}',
    )
    const { queue, priority, unique } = decodeAdded(asRead(record))
    assert.deepEqual([queue, priority, unique], ['mail', -5, job.unique])
  })

  it('with a place that is not understood is taken for a usual one', () => {
    const header =
      '{"v":1,"id":"x:1","task":"T","context":{"id":"r"},"queue":7,"priority":"1","unique":{"key":1}}'

    const { queue, priority, unique } = decodeAdded({
      type: 1,
      count: 0,
      time: 0,
      body: Buffer.from(`${header}\n`),
    })

    assert.deepEqual([queue, priority, unique], ['default', 0, null])
  })

  it('notes the attempt that begins, and former crashes in one byte', () => {
    const job = makeJob()
    assert.deepEqual(startedRecord(job), { type: 2, count: 1, time: 0, body: new Uint8Array(0) })

    job.attempts = 3
    job.crashes = 2
    assert.deepEqual(startedRecord(job), { type: 2, count: 4, time: 0, body: Uint8Array.of(2) })
    assert.deepEqual(releasedRecord(job), { type: 4, count: 3, time: 0, body: Uint8Array.of(2) })
  })

  it('notes when it is tried again and what went wrong', () => {
    const job = makeJob()
    job.attempts = 1
    job.runAt = 1_700_000_011_000

    const { type, count, time, body } = retryRecord(job, new Error('no route'))

    assert.deepEqual([type, count, time, Buffer.from(body).toString()], [3, 1, 1_700_000_011_000, 'no route'])
  })

  it('notes why it died', () => {
    const death = { reason: 'exhausted', error: { name: 'Error', message: 'no route', stack: null } } as const

    const record = deadRecord(21, 1_700_000_000_000, death)

    assert.equal(
      Buffer.from(record.body).toString(),
      '{"reason":"exhausted","error":{"name":"Error","message":"no route","stack":null}}',
    )
    assert.deepEqual(decodeDeath(asRead(record)), death)
  })

  it('keeps of an error what every database takes: no NUL, no half of a character', () => {
    const cut = describeError(new TypeError(`${'x'.repeat(999)}😀 and more`))
    const odd = describeError(
      Object.assign(new Error('bad \0 byte, half \ud83d 😀'), { name: 'N\0', stack: '\0' }),
    )

    assert.equal(cut.message, `${'x'.repeat(999)}\ufffd`)
    assert.deepEqual(odd, { name: 'N\ufffd', message: 'bad \ufffd byte, half \ufffd 😀', stack: '\ufffd' })
    assert.equal(describeError('\0').message, '\ufffd')
  })

  const unreadable: readonly (readonly [string, string, RegExp])[] = [
    ['no header line', 'garbage', /no header line/],
    ['a header that is not JSON', '{"v":1\n', /JSON/],
    ['a newer version', '{"v":2,"id":"a","task":"T","context":{"id":"r"}}\n', /version is 2, known is 1/],
    ['no task', '{"v":1,"id":"a","context":{"id":"r"}}\n', /lacks id, task or context/],
  ]
  for (const [name, text, message] of unreadable) {
    it(`cannot be read with ${name}`, () => {
      assert.throws(() => decodeAdded({ type: 1, count: 0, time: 0, body: Buffer.from(text) }), message)
    })
  }
})

/** Without using anything of the package: see migration-guide/wal.md, "What jobs write". */
describe('deferred: jobs on disk, read as the page says', () => {
  it('have the types, headers and arguments that are drawn there', async () => {
    class Plain extends Task<unknown> {
      override perform(): void {}
    }
    class Dies extends Task {
      static override retryIn = (): false => false
      override perform(): void {
        throw new RangeError('never')
      }
    }
    class Returns extends Task {
      static override keepResults = 3_600
      override perform(): bigint {
        return 5n
      }
    }
    const storage = temporaryFolder()
    const { rage } = makeRage({ storage })
    rage.register(Plain, Dies, Returns)
    await rage.boot()
    const before = Date.now()
    const unique = { delay: 60, queue: 'mail', priority: -3, unique: 'k', uniqueFor: 100 }
    await Plain.enqueue({ n: 5n }, unique)
    await Plain.enqueue('chained', { delay: 60, followedBy: [Plain.with([1], { queue: 'slow' })] })
    const batch = await rage.deferred.batch([Plain.with('member', { delay: 60 })], {
      followedBy: Dies.with(),
    })
    const { id: dead } = await Dies.enqueue()
    while (rage.deferred.dead().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const { id: done } = await Returns.enqueue()
    await rage.deferred.result(done)
    await rage.stop()

    const entries = readFolder(join(storage, 'deferred'))

    const ofType = (type: number) => entries.filter(({ added }) => added.type === type)
    const jobs = ofType(1).map(({ added, note }) => ({ ...readJob(added), time: added.time, note }))
    const [keyed, chained, member, died, returned] = jobs
    const {
      id,
      context,
      at,
      unique: key,
      ...rest
    } = keyed!.header as Record<string, unknown> & {
      unique: { key: string; until: number }
    }
    assert.deepEqual(rest, { v: 1, task: 'Plain', queue: 'mail', priority: -3 })
    assert.deepEqual([typeof id, typeof (context as { id: unknown }).id, key.key], ['string', 'string', 'k'])
    assert.ok(Number(at) >= before && keyed!.time - Number(at) === 60_000 && key.until >= before + 100_000)
    assert.equal(keyed!.args, '#1 {"n":{"$bigint":"5"}}')
    assert.deepEqual(chained!.header.links, {
      followedBy: [{ task: 'Plain', args: '[1]', options: { queue: 'slow' } }],
    })
    assert.deepEqual(member!.header.links, { batch: batch.id })
    const [{ added: ofBatch }] = ofType(10) as [(typeof entries)[number]]
    const { followedBy, ...named } = JSON.parse(ofBatch.body.toString())
    assert.deepEqual(
      [ofBatch.count, named.v, named.id, followedBy],
      [1, 1, batch.id, [{ task: 'Dies', args: '' }]],
    )
    assert.deepEqual([died!.header.id, died!.note!.type, died!.note!.count], [dead, 5, 1])
    const { reason, error } = JSON.parse(died!.note!.body.toString())
    assert.deepEqual([reason, error.name, error.message], ['stopped', 'RangeError', 'never'])
    const { type, count, body } = returned!.note!
    assert.deepEqual([type, count, body.toString()], [8, 1, '#1 {"$bigint":"5"}'])
  })
})
